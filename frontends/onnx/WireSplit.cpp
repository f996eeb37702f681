//===- WireSplit.cpp - tensor data left in the file -------------*- C++ -*-===//

#include "frontends/onnx/WireSplit.h"

#include <cstring>

using namespace llvm;
using namespace res::frontend;

// A stand-in is the offset and the size of a range. No other raw_data of a split model has its length, because every
// raw_data that long is cut: a file cannot forge one.
static constexpr size_t kStandInBytes = 2 * sizeof(uint64_t);

namespace {

enum class Message { Model, Graph, Node, Attribute, Tensor };

/// What happens to a field: it is copied, left out, or entered as a message.
enum class Treatment { Copy, Drop, Enter };

struct FieldRule {
  Message parent;
  unsigned field;
  Treatment treatment;
  Message child;
};

/// One field as it stands in the file.
struct Field {
  uint64_t number;
  unsigned wireType;
  StringRef whole; // with its tag
  StringRef body;  // of a length-delimited field
};

} // namespace

// Field numbers of onnx-ml.proto; fields without a rule are copied.
static constexpr FieldRule kRules[] = {
    {Message::Model, 6, Treatment::Drop, {}},                     // doc_string
    {Message::Model, 7, Treatment::Enter, Message::Graph},        // graph
    {Message::Model, 14, Treatment::Drop, {}},                    // metadata_props
    {Message::Model, 20, Treatment::Drop, {}},                    // training_info
    {Message::Model, 25, Treatment::Drop, {}},                    // functions
    {Message::Graph, 1, Treatment::Enter, Message::Node},         // node
    {Message::Graph, 5, Treatment::Enter, Message::Tensor},       // initializer
    {Message::Graph, 10, Treatment::Drop, {}},                    // doc_string
    {Message::Graph, 13, Treatment::Drop, {}},                    // value_info
    {Message::Graph, 14, Treatment::Drop, {}},                    // quantization_annotation
    {Message::Graph, 16, Treatment::Drop, {}},                    // metadata_props
    {Message::Node, 5, Treatment::Enter, Message::Attribute},     // attribute
    {Message::Node, 6, Treatment::Drop, {}},                      // doc_string
    {Message::Node, 9, Treatment::Drop, {}},                      // metadata_props
    {Message::Node, 10, Treatment::Drop, {}},                     // device_configurations
    {Message::Attribute, 5, Treatment::Enter, Message::Tensor},   // t
    {Message::Attribute, 6, Treatment::Drop, {}},                 // g
    {Message::Attribute, 10, Treatment::Enter, Message::Tensor},  // tensors
    {Message::Attribute, 11, Treatment::Drop, {}},                // graphs
    {Message::Attribute, 13, Treatment::Drop, {}},                // doc_string
    {Message::Tensor, 12, Treatment::Drop, {}},                   // doc_string
    {Message::Tensor, 16, Treatment::Drop, {}},                   // metadata_props
};

static constexpr unsigned kTensorDataType = 2, kTensorFloatData = 4, kTensorRawData = 9, kTypeFloat = 1;

static const FieldRule *findRule(Message parent, uint64_t field) {
  for (const FieldRule &rule : kRules)
    if (rule.parent == parent && rule.field == field)
      return &rule;
  return nullptr;
}

static bool readVarint(StringRef &bytes, uint64_t &value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    uint8_t byte = bytes.front();
    bytes = bytes.drop_front();
    value |= uint64_t(byte & 127) << shift;
    if (!(byte & 128))
      return true;
  }
  return false;
}

static void writeVarint(std::string &out, uint64_t value) {
  for (; value > 127; value >>= 7)
    out.push_back(char(value | 128));
  out.push_back(char(value));
}

static void writeBytes(std::string &out, uint64_t field, StringRef body) {
  writeVarint(out, field << 3 | 2);
  writeVarint(out, body.size());
  out.append(body.data(), body.size());
}

namespace {

class Splitter {
public:
  explicit Splitter(StringRef file) : file(file) {}

  /// Appends the split `message` to `out`. Recursion ends at tensors: no message is entered below itself.
  Error split(StringRef message, Message kind, std::string &out);

private:
  /// Takes one field off the front of `bytes`.
  Error readField(StringRef &bytes, Field &field);
  void writeStandIn(std::string &out, StringRef body);
  Expected<bool> isPackedFloats(StringRef tensor);
  Error malformed(StringRef at, const Twine &why) {
    return createStringError("malformed at byte " + Twine(at.data() - file.data()) + ": " + why);
  }

  StringRef file;
};

} // namespace

Error Splitter::readField(StringRef &bytes, Field &field) {
  StringRef start = bytes;
  uint64_t tag = 0, value = 0;
  if (!readVarint(bytes, tag) || tag >> 3 == 0)
    return malformed(start, "expected a field of a protobuf message");
  field.number = tag >> 3;
  field.wireType = tag & 7;
  field.body = {};
  uint64_t size = 0;
  switch (field.wireType) {
  case 0:
    if (!readVarint(bytes, value))
      return malformed(start, "expected a number");
    break;
  case 1:
    size = 8;
    break;
  case 2:
    if (!readVarint(bytes, size))
      return malformed(start, "expected a length");
    break;
  case 5:
    size = 4;
    break;
  default:
    return malformed(start, "unknown kind of field");
  }
  if (size > bytes.size())
    return malformed(start, "expected a field of " + Twine(size) + " bytes, got " + Twine(bytes.size()) +
                                " (is the file cut short?)");
  field.body = bytes.take_front(size);
  bytes = bytes.drop_front(size);
  field.whole = start.drop_back(bytes.size());
  return Error::success();
}

void Splitter::writeStandIn(std::string &out, StringRef body) {
  char standIn[kStandInBytes];
  uint64_t range[] = {uint64_t(body.data() - file.data()), body.size()};
  memcpy(standIn, range, sizeof(range));
  writeBytes(out, kTensorRawData, StringRef(standIn, sizeof(standIn)));
}

// Packed float_data has the bytes of raw_data. It may stand for it where it is the tensor's only data, in one run.
Expected<bool> Splitter::isPackedFloats(StringRef tensor) {
  unsigned runs = 0;
  bool isFloat = false;
  while (!tensor.empty()) {
    Field field;
    StringRef at = tensor;
    if (Error error = readField(tensor, field))
      return error;
    if (field.number == kTensorRawData || (field.number == kTensorFloatData && field.wireType != 2))
      return false;
    if (field.number == kTensorFloatData)
      ++runs;
    uint64_t type = 0;
    if (field.number == kTensorDataType && field.wireType == 0)
      isFloat = readVarint(at, type) && readVarint(at, type) && type == kTypeFloat;
  }
  return runs == 1 && isFloat;
}

Error Splitter::split(StringRef message, Message kind, std::string &out) {
  bool floatsAreRaw = false;
  if (kind == Message::Tensor) {
    Expected<bool> packed = isPackedFloats(message);
    if (!packed)
      return packed.takeError();
    floatsAreRaw = *packed;
  }
  while (!message.empty()) {
    Field field;
    if (Error error = readField(message, field))
      return error;
    bool delimited = field.wireType == 2;
    const FieldRule *rule = delimited ? findRule(kind, field.number) : nullptr;
    if (kind == Message::Tensor && delimited && field.body.size() >= kStandInBytes &&
        (field.number == kTensorRawData || (field.number == kTensorFloatData && floatsAreRaw))) {
      writeStandIn(out, field.body);
    } else if (!rule || rule->treatment == Treatment::Copy) {
      out.append(field.whole.data(), field.whole.size());
    } else if (rule->treatment == Treatment::Enter) {
      std::string child;
      if (Error error = split(field.body, rule->child, child))
        return error;
      writeBytes(out, field.number, child);
    }
  }
  return Error::success();
}

Expected<std::string> res::frontend::splitModel(StringRef model) {
  std::string skeleton;
  if (Error error = Splitter(model).split(model, Message::Model, skeleton))
    return error;
  return skeleton;
}

std::optional<FileRange> res::frontend::getStandIn(StringRef rawData) {
  if (rawData.size() != kStandInBytes)
    return std::nullopt;
  FileRange range;
  memcpy(&range.offset, rawData.data(), sizeof(uint64_t));
  memcpy(&range.size, rawData.data() + sizeof(uint64_t), sizeof(uint64_t));
  return range;
}
