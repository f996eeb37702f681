//===- FileArguments.h - which file belongs to which tensor -----*- C++ -*-===//
//
// The values of --input and --output. "NAME=FILE" names the tensor of the model; a plain FILE is the next in order,
// except that an .npz archive is for all the tensors that have no file of their own. Errors go to
// reportArguments.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_TOOLS_RESC_TENSORS_FILEARGUMENTS_H
#define RES_COMPILER_TOOLS_RESC_TENSORS_FILEARGUMENTS_H

#include "compiler/tools/common/Options.h"
#include "res/runtime.h"

namespace res {

/// Prints an error of the functions below. A name that the model lacks is bad input; all else is wrong usage.
int reportArguments(llvm::StringRef command, llvm::Error error);

/// What a file holds. The content decides, except for raw values; the name does where the content says nothing.
enum class FileKind { Unknown, Npy, Npz, Raw, Picture };

/// Where one input comes from: nowhere, one file, or pictures, which fill the batch in their order.
struct InputFiles {
  FileKind kind = FileKind::Unknown;
  std::vector<std::string> paths;
};

/// One entry per tensor. Several pictures may follow one another: as many as the batch for each tensor, and all that
/// are left for the last one.
llvm::Expected<std::vector<InputFiles>> assignInputs(const llvm::cl::list<std::string> &option,
                                                     llvm::ArrayRef<res_tensor_info> tensors);

/// Where outputs go.
struct OutputNames {
  std::vector<std::string> single; // one entry per tensor, .npy or .bin, empty where none was given
  std::string archive;             // .npz, for all of them; may be empty
};
llvm::Expected<OutputNames> assignOutputs(const llvm::cl::list<std::string> &option,
                                          llvm::ArrayRef<res_tensor_info> tensors);

} // namespace res

#endif
