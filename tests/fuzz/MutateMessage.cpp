//===- MutateMessage.cpp - mutations that keep protobuf whole ---*- C++ -*-===//
//
// A change of a length breaks every message around it, so that plain mutations rarely reach what is inside. Every other
// mutation here picks a field at some depth, changes, repeats or removes it, and writes the lengths above it anew.
//
//===----------------------------------------------------------------------===//

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

using Random = std::minstd_rand;

static bool readVarint(const std::string &bytes, size_t &at, uint64_t &value) {
  value = 0;
  for (unsigned shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
    uint8_t byte = bytes[at++];
    value |= uint64_t(byte & 127) << shift;
    if (byte < 128)
      return true;
  }
  return false;
}

static std::string varint(uint64_t value) {
  std::string bytes;
  for (; value > 127; value >>= 7)
    bytes += char(value | 128);
  return bytes + char(value);
}

namespace {
struct Field {
  uint64_t tag = 0;
  std::string body; // of wire type 2; else the value as it stands in the file
  std::string text() const { return varint(tag) + ((tag & 7) == 2 ? varint(body.size()) : "") + body; }
};
} // namespace

/// The fields of a message, or none if the bytes are no message.
static std::vector<Field> split(const std::string &bytes) {
  std::vector<Field> fields;
  for (size_t at = 0; at < bytes.size();) {
    Field field;
    uint64_t size = 0;
    if (!readVarint(bytes, at, field.tag) || field.tag < 8)
      return {};
    size_t start = at;
    switch (field.tag & 7) {
    case 0:
      if (!readVarint(bytes, at, size))
        return {};
      size = at - start;
      at = start;
      break;
    case 1: size = 8; break;
    case 2:
      if (!readVarint(bytes, at, size))
        return {};
      break;
    case 5: size = 4; break;
    default: return {};
    }
    if (size > bytes.size() - at)
      return {};
    field.body = bytes.substr(at, size);
    at += size;
    fields.push_back(std::move(field));
  }
  return fields;
}

static std::string mutateBytes(std::string bytes, size_t most) {
  size_t size = bytes.size();
  bytes.resize(std::max<size_t>(most, 1));
  bytes.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t *>(bytes.data()), std::min(size, most), bytes.size()));
  return bytes;
}

/// A number that is likely to matter: small, a power of two, or its negative.
static std::string mutateNumber(Random &random) {
  uint64_t value = random() % 3 ? random() % 8 : uint64_t(1) << random() % 64;
  value -= random() % 3;
  return varint(random() % 4 ? value : -value);
}

static std::string mutateMessage(const std::string &bytes, size_t room, Random &random, int depth) {
  std::vector<Field> fields = split(bytes);
  if (fields.empty() || depth > 8)
    return mutateBytes(bytes, bytes.size() + room);
  size_t index = random() % fields.size();
  Field &field = fields[index];
  switch (random() % 8) {
  case 0: fields.erase(fields.begin() + index); break;
  case 1: fields.insert(fields.begin() + random() % fields.size(), Field(field)); break;
  case 2: std::swap(field, fields[random() % fields.size()]); break;
  case 3: field.body = fields[random() % fields.size()].body; break;
  default:
    if ((field.tag & 7) == 2)
      field.body = mutateMessage(field.body, room, random, depth + 1);
    else if ((field.tag & 7) == 0)
      field.body = mutateNumber(random);
    else
      field.body = mutateBytes(field.body, field.body.size());
  }
  std::string result;
  for (const Field &f : fields)
    result += f.text();
  return result;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  Random random(seed);
  if (random() % 4 == 0)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::string result(reinterpret_cast<char *>(data), size);
  for (unsigned changes = 1 + random() % 3; changes > 0; --changes) {
    size_t room = maxSize > result.size() ? std::min<size_t>(maxSize - result.size(), 64) : 0;
    result = mutateMessage(result, room, random, 0);
  }
  if (result.empty() || result.size() > maxSize)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::copy(result.begin(), result.end(), data);
  return result.size();
}
