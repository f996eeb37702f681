//===- Res.h - the res dialect ----------------------------------*- C++ -*-===//
//
// Everything a user of the dialect includes: dialect, attributes, operations.
//
//===----------------------------------------------------------------------===//

#ifndef RES_DIALECT_RES_H
#define RES_DIALECT_RES_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/ResDialect.h.inc"
#include "dialect/ResEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/ResAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialect/ResOps.h.inc"

namespace res {

/// Discardable attributes: of the module ...
inline constexpr llvm::StringLiteral kPhaseAttr = "res.phase";         // the last phase that was completed
inline constexpr llvm::StringLiteral kModelNameAttr = "res.model";     // a C identifier
inline constexpr llvm::StringLiteral kModelHashAttr = "res.hash";      // of the model file's content
inline constexpr llvm::StringLiteral kTargetAttr = "res.target";       // such as "x86-64-v4", or several: "x86-64-v4,x86-64-v3"
inline constexpr llvm::StringLiteral kMathAttr = "res.math";           // "strict" or "fast"
inline constexpr llvm::StringLiteral kPreferAttr = "res.prefer";       // "speed" (also when absent) or "size"
inline constexpr llvm::StringLiteral kTilingAttr = "res.tile_bottlenecks"; // "auto" (also when absent), "always" or "never"
inline constexpr llvm::StringLiteral kMemoryLimitAttr = "res.memory_limit"; // bytes of workspace for one thread
/// ... of kernels in phase decided ...
inline constexpr llvm::StringLiteral kBandsAttr = "res.bands";         // a #res.bands
inline constexpr llvm::StringLiteral kRemarkAttr = "res.remark";       // why it is, or is not, computed with those before it
/// ... of arguments and results of @main ...
inline constexpr llvm::StringLiteral kTensorNameAttr = "res.name";     // as in the model file
/// ... of @main: a batch goes through it in so many turns (absent: one). Inputs and outputs of the model have that many times
/// the images of its arguments and results ...
inline constexpr llvm::StringLiteral kTurnsAttr = "res.turns";
/// ... of @main: present where the model takes any batch. @main is the network for one image then ...
inline constexpr llvm::StringLiteral kAnyBatchAttr = "res.any_batch";
/// ... of @main in phase planned ...
inline constexpr llvm::StringLiteral kArenaBytesAttr = "res.arena_bytes";
inline constexpr llvm::StringLiteral kArenaLowerBoundAttr = "res.arena_lower_bound_bytes";
inline constexpr llvm::StringLiteral kWeightsBytesAttr = "res.weights_bytes";
/// ... of calls in phase planned ...
inline constexpr llvm::StringLiteral kScratchPlaceAttr = "res.scratch_place"; // of its scratch in the arena: an offset, the
                                                                              // threads it serves, an offset for more
/// ... and of an outlined kernel.
inline constexpr llvm::StringLiteral kSchedulesAttr = "res.schedules";
inline constexpr llvm::StringLiteral kInPlaceAttr = "res.in_place";    // number of the argument that the result overwrites

/// The function that is the same network for several images, where a model of any batch has one: it takes as many turns of a
/// batch as there are, and @main takes the rest image by image.
inline constexpr llvm::StringLiteral kTogetherFunction = "main_together";

/// The functions that are the network: @main and @main_together, as far as they are there. All others are outlined kernels.
llvm::SmallVector<mlir::func::FuncOp> getPrograms(mlir::ModuleOp module);

/// Whether inputs and outputs of the model have any batch as their first dimension.
inline bool takesAnyBatch(mlir::func::FuncOp main) { return main->hasAttr(kAnyBatchAttr); }

/// The first dimension of what a program of a model of any batch takes.
int64_t getImages(mlir::func::FuncOp program);

/// What a weight is made of, down to its sources. Equal for weights of equal bytes, in other functions, too.
std::vector<const void *> getWeightKey(mlir::Value weight);

/// True for operations that compute each element of their result from the same element of their operands (and vectors
/// over channels): they fuse into the kernel of an anchor.
bool isElementwise(mlir::Operation *op);

/// The operation that a kernel's schedule is about: the first of its body that is not elementwise, else the first.
mlir::Operation *getAnchor(mlir::Block &body);

/// The operations of a body that are not elementwise: the stages of a kernel with several.
llvm::SmallVector<mlir::Operation *> getAnchors(mlir::Block &body);

/// The schedule of one of them: of #res.banded its stage's, else `schedule`, which is about the only one.
mlir::Attribute getStageSchedule(mlir::Attribute schedule, mlir::Operation *anchor);

/// The same for the schedules of each target.
mlir::DictionaryAttr getStageSchedules(mlir::DictionaryAttr schedules, mlir::Operation *anchor);

/// True when the only result of a kernel with this body may be written where the argument lies, as far as its operations go:
/// they have one type, and an element of the argument is read for the same element of the result and for nothing else.
bool canOverwrite(mlir::BlockArgument argument);

/// True for sources of weights and pure functions of weights.
bool isWeightOp(mlir::Operation *op);

/// How many turns a batch takes through a function: at least 1.
int64_t getTurns(mlir::func::FuncOp main);

/// The type of a tensor for all turns together.
mlir::RankedTensorType getTypeOfTurns(mlir::Type type, int64_t turns);

/// The shape that the model has for an argument or result of @main: the first dimension is -1 where it takes any batch.
llvm::SmallVector<int64_t> getModelShape(mlir::func::FuncOp main, mlir::Type type);

/// The block size of a type's layout, or 0 for a row-major tensor.
int64_t getBlock(mlir::Type type);

/// Blocks of output channels that a packed Winograd filter has together: the most that the schedule of any target takes. 0
/// where none is a Winograd convolution's.
int64_t getPackedBlocks(mlir::DictionaryAttr schedules);

/// Bytes a tensor of this type occupies in memory, with the lanes that pad its last block.
int64_t getStorageBytes(mlir::RankedTensorType type);

/// The names of the ONNX nodes whose work an operation does, in the order of the data.
llvm::SmallVector<llvm::StringRef> getNodeNames(mlir::Location loc);
/// The first of them, which names the operation in reports, or "" when there is none.
llvm::StringRef getNodeName(mlir::Location loc);
/// The last of them, whose output is the operation's result, or "".
llvm::StringRef getResultNodeName(mlir::Location loc);

} // namespace res

#endif // RES_DIALECT_RES_H
