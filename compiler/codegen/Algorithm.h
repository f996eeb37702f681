//===- Algorithm.h - operations as Halide algorithms ------------*- C++ -*-===//
//
// What each operation computes, element by element; no schedule. Files that define these see Halide and no MLIR.
//
//===----------------------------------------------------------------------===//

#ifndef RES_COMPILER_CODEGEN_ALGORITHM_H
#define RES_COMPILER_CODEGEN_ALGORITHM_H

#include "compiler/schedules/KernelFuncs.h"

#include <functional>

namespace res {

/// An element of a tensor: image, channel, row and column (0 where a tensor has none). Blocked maps are addressed by lane
/// and block, whose combination is `c`.
struct Point {
  Halide::Expr n, c, y, x, ci, co;

  static Point blocked(Halide::Expr ci, Halide::Expr x, Halide::Expr y, Halide::Expr co, Halide::Expr n);
  static Point plain(Halide::Expr x, Halide::Expr y, Halide::Expr c, Halide::Expr n);

  /// Whether both are made of the very same expressions.
  bool isSameAs(const Point &other) const;
};

/// The value of a tensor at a point.
using Reader = std::function<Halide::Expr(const Point &)>;

/// Logical sizes of a tensor of rank 4 or 2 (height and width 1), and its layout.
struct TensorSize {
  int64_t n = 1, c = 1, h = 1, w = 1;
  bool map = true;      // rank 4
  bool blocked = false; // in blocks of kBlock channels
  int64_t blocks() const { return (c + kBlock - 1) / kBlock; }
};

struct Window2 {
  int64_t height, width, strideY, strideX, padTop, padLeft, padBottom, padRight, dilationY, dilationX;
  bool padded() const { return padTop || padLeft || padBottom || padRight; }
};

/// Reads a parameter that holds a tensor of this size. With `flat` a blocked map is one row.
Reader readTensor(Halide::ImageParam param, const TensorSize &size, bool flat);

/// The convolution of a map with packed weights. `inner`: channels innermost in the packed filter (see #res.pack_conv).
/// With chunks of input channels (see #res.direct) the algorithm itself has partial sums, and prefetches by tiles.
struct ConvAlgorithm {
  Reader value;    // with bias
  ConvFuncs funcs; // all but `output`
};
ConvAlgorithm defineConv(const std::string &name, const KernelVars &vars, Reader input, const TensorSize &inputSize,
                         Halide::ImageParam filter, int64_t inner, Reader bias, const TensorSize &outputSize,
                         const Window2 &window, int64_t groups, bool flat, const DirectSchedule &tile);

/// The convolution of a blocked map whose groups share blocks (#res.grouped), for vectors of `vectorFloats` lanes.
ConvAlgorithm defineGrouped(const std::string &name, const KernelVars &vars, Reader input, const TensorSize &inputSize,
                            Halide::ImageParam filter, Reader bias, const TensorSize &outputSize, const Window2 &window,
                            int64_t groups, int64_t vectorFloats);

/// A 3x3 convolution with stride 1 of a blocked map, by transforms (#res.winograd). `filter` is packed as the schedule's
/// weights say.
struct WinogradAlgorithm {
  Reader value; // with bias
  WinogradFuncs funcs; // all but `output`
};
WinogradAlgorithm defineWinograd(const std::string &name, const KernelVars &vars, Reader input, const TensorSize &inputSize,
                                 Halide::ImageParam filter, Reader bias, const TensorSize &outputSize,
                                 const Window2 &window, const WinogradSchedule &schedule);

/// A fully connected layer on a matrix (c, n).
struct DenseAlgorithm {
  Reader value;
  DenseFuncs funcs;
};
DenseAlgorithm defineDense(const std::string &name, const KernelVars &vars, Reader input, const TensorSize &inputSize,
                           Halide::ImageParam weight, Reader bias, int64_t outputs, int64_t blocks);

/// Pooling; small windows become one expression, larger ones a reduction that is appended to `parts`.
Reader defineMaxPool(const std::string &name, const KernelVars &vars, Reader input, const TensorSize &inputSize,
                     const Window2 &window, std::vector<Halide::Func> &parts);
Reader defineAvgPool(const std::string &name, const KernelVars &vars, Reader input, const TensorSize &inputSize,
                     const Window2 &window, bool countIncludePad, std::vector<Halide::Func> &parts);
Reader defineGlobalAvgPool(const std::string &name, const KernelVars &vars, Reader input, const TensorSize &inputSize,
                           std::vector<Halide::Func> &parts);

/// exp(x - max) / sum along the channels of a matrix.
Reader defineSoftmax(const std::string &name, const KernelVars &vars, Reader input, const TensorSize &size,
                     std::vector<Halide::Func> &parts);

/// Element `first + index * step` of the input in each dimension (n, c, h, w), `fill` where that lies outside.
struct Selection {
  int64_t first[4] = {0, 0, 0, 0}, step[4] = {1, 1, 1, 1};
  float fill = 0;
};
Reader defineSelection(Reader input, const TensorSize &from, const TensorSize &to, const Selection &selection);

/// Local response normalisation (res.lrn). The squares of the channels of a pixel are put one behind the other in `map.line`.
struct ResponseNorm {
  int64_t size;
  double alpha, beta, bias;
};
Reader defineLrn(const std::string &name, const KernelVars &vars, Reader input, const TensorSize &size,
                 const ResponseNorm &norm, MapFuncs &map);

/// Inputs one behind the other along an axis (n, c, h, w). Blocks of channels whose lanes come from several inputs are put
/// together in `map.line`, the channels of a pixel one behind the other.
Reader defineConcat(const std::string &name, const KernelVars &vars, std::vector<Reader> inputs,
                    const std::vector<TensorSize> &from, const TensorSize &to, int64_t axis, MapFuncs &map);

/// Positions along an axis of a map: element i lies at (step * i + first) / divisor of the input's.
struct Positions {
  int64_t step, first, divisor;
};
/// The pixel at or before each position, `linear`: between it and the next.
Reader defineResize(Reader input, const TensorSize &from, const TensorSize &to, const Positions &rows,
                    const Positions &columns, bool linear);

/// Channels as pixels (res.depth_to_space).
Reader defineDepthToSpace(Reader input, const TensorSize &from, const TensorSize &to, int64_t rows, int64_t columns,
                          bool interleaved);

/// The same elements in row-major order under another shape.
Reader defineReshape(Reader input, const TensorSize &from, const TensorSize &to);

} // namespace res

#endif // RES_COMPILER_CODEGEN_ALGORITHM_H
