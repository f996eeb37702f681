//===- NodeAttributes.cpp - typed reads of attributes -----------*- C++ -*-===//

#include "frontends/onnx/NodeAttributes.h"

#include "frontends/onnx/Initializers.h"
#include "onnx-ml.pb.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace res::frontend;
using onnx::AttributeProto;

NodeAttributes::NodeAttributes(const onnx::NodeProto &node, std::function<mlir::InFlightDiagnostic()> emitError)
    : emitNodeError(std::move(emitError)) {
  for (const AttributeProto &attribute : node.attribute()) {
    if (!attributes.try_emplace(attribute.name(), Entry{&attribute, false}).second)
      this->emitError(attribute.name()) << "is given twice";
    if (attribute.has_ref_attr_name())
      this->emitError(attribute.name()) << "refers to an attribute of a function, but stands outside of one";
  }
}

mlir::InFlightDiagnostic NodeAttributes::emitError(StringRef name) {
  hasFailed = true;
  return emitNodeError() << "attribute " << quote(name) << ": ";
}

const AttributeProto *NodeAttributes::take(StringRef name) {
  auto found = attributes.find(name);
  if (found == attributes.end())
    return nullptr;
  found->second.isRead = true;
  return found->second.attribute;
}

/// The type an attribute says it has; files of the first IR versions do not say it.
static int getType(const AttributeProto &attribute) {
  if (attribute.type() != AttributeProto::UNDEFINED)
    return attribute.type();
  return attribute.has_i()            ? AttributeProto::INT
         : attribute.has_f()          ? AttributeProto::FLOAT
         : attribute.has_s()          ? AttributeProto::STRING
         : attribute.has_t()          ? AttributeProto::TENSOR
         : attribute.ints_size() != 0 ? AttributeProto::INTS
         : attribute.floats_size()    ? AttributeProto::FLOATS
                                      : AttributeProto::UNDEFINED;
}

const AttributeProto *NodeAttributes::take(StringRef name, int type, StringRef typeName) {
  const AttributeProto *attribute = take(name);
  if (!attribute || getType(*attribute) == type)
    return attribute;
  emitError(name) << "expected " << typeName;
  return nullptr;
}

bool NodeAttributes::inBounds(StringRef name, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most)
    return true;
  if (most == INT64_MAX)
    emitError(name) << "expected at least " << least << ", got " << value;
  else
    emitError(name) << "expected " << least << " to " << most << ", got " << value;
  return false;
}

int64_t NodeAttributes::getInt(StringRef name, int64_t fallback, int64_t least, int64_t most) {
  const AttributeProto *attribute = take(name, AttributeProto::INT, "an integer");
  return attribute && inBounds(name, attribute->i(), least, most) ? attribute->i() : fallback;
}

float NodeAttributes::getFloat(StringRef name, float fallback) {
  const AttributeProto *attribute = take(name, AttributeProto::FLOAT, "a float");
  return attribute ? attribute->f() : fallback;
}

StringRef NodeAttributes::getString(StringRef name, StringRef fallback) {
  const AttributeProto *attribute = take(name, AttributeProto::STRING, "a string");
  return attribute ? StringRef(attribute->s()) : fallback;
}

std::optional<SmallVector<int64_t>> NodeAttributes::getInts(StringRef name, int64_t least, int64_t most) {
  const AttributeProto *attribute = take(name, AttributeProto::INTS, "a list of integers");
  if (!attribute)
    return std::nullopt;
  SmallVector<int64_t> values(attribute->ints().begin(), attribute->ints().end());
  for (int64_t value : values)
    if (!inBounds(name, value, least, most))
      return std::nullopt;
  return values;
}

std::optional<SmallVector<float>> NodeAttributes::getFloats(StringRef name) {
  const AttributeProto *attribute = take(name, AttributeProto::FLOATS, "a list of floats");
  if (!attribute)
    return std::nullopt;
  return SmallVector<float>(attribute->floats().begin(), attribute->floats().end());
}

const onnx::TensorProto *NodeAttributes::getTensor(StringRef name) {
  const AttributeProto *attribute = take(name, AttributeProto::TENSOR, "a tensor");
  return attribute ? &attribute->t() : nullptr;
}

LogicalResult NodeAttributes::finish() {
  SmallVector<StringRef> unknown;
  for (const auto &entry : attributes)
    if (!entry.second.isRead)
      unknown.push_back(entry.first());
  llvm::sort(unknown); // the map has no order
  for (StringRef name : unknown)
    emitError(name) << "is unknown to this operator";
  return success(!hasFailed);
}
