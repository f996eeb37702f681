//===- WireSplit.h - tensor data left in the file ---------------*- C++ -*-===//
//
// Cuts the data of tensors out of the wire bytes of a model, so that protobuf parses kilobytes and weights stay where
// they are in the mapped file.
//
//===----------------------------------------------------------------------===//

#ifndef RES_FRONTENDS_ONNX_WIRESPLIT_H
#define RES_FRONTENDS_ONNX_WIRESPLIT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>

namespace res::frontend {

/// Bytes of the model file.
struct FileRange {
  uint64_t offset;
  uint64_t size;
};

/// Copies a serialised ModelProto. Left out are fields that nobody reads here (documentation, metadata, value_info,
/// subgraphs, functions, training). Each raw_data of 16 bytes or more, and float_data that is one packed run, gives way
/// to a raw_data stand-in. Fails when `model` is not well-formed; the message says where and why.
llvm::Expected<std::string> splitModel(llvm::StringRef model);

/// The range that a raw_data of a split model stands for; none when it holds its bytes itself.
std::optional<FileRange> getStandIn(llvm::StringRef rawData);

} // namespace res::frontend

#endif // RES_FRONTENDS_ONNX_WIRESPLIT_H
