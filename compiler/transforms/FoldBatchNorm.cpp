//===- FoldBatchNorm.cpp - scale and shift into weights ---------*- C++ -*-===//
//
// Folds batch normalisation into the convolution or fully connected layer before it.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

#define DEBUG_TYPE "res-fold-batch-norm"

namespace res {
#define GEN_PASS_DEF_FOLDBATCHNORMPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

// batch_norm(x) = x * scale + shift with scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale.
struct LowerBatchNorm : OpRewritePattern<BatchNormOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(BatchNormOp op, PatternRewriter &rewriter) const override {
    Type vector = op.getGamma().getType();
    auto affine = BatchNormAffineOp::create(rewriter, op.getLoc(), TypeRange{vector, vector}, op.getGamma(),
                                            op.getBeta(), op.getMean(), op.getVariance(), op.getEpsilonAttr());
    rewriter.replaceOpWithNewOp<AffineOp>(op, op.getType(), op.getInput(), affine.getScale(), affine.getShift());
    return success();
  }
};

/// Scales the filters of `weight` and returns weight and bias of scale * (layer + bias) + shift.
std::pair<Value, Value> scaleLayer(PatternRewriter &rewriter, Location loc, Value weight, Value bias, AffineOp affine) {
  Value scaled = ScaleChannelsOp::create(rewriter, loc, weight.getType(), weight, affine.getScale());
  Value shift = affine.getShift();
  if (bias)
    shift = ScaleShiftOp::create(rewriter, loc, bias.getType(), bias, affine.getScale(), shift);
  return {scaled, shift};
}

/// The layer's node comes first, it names the result in reports; the normalisation's is the one whose output it is.
Location fuseLocs(Operation *layer, AffineOp affine) {
  return FusedLoc::get(affine.getContext(), {layer->getLoc(), affine.getLoc()});
}

bool isOnlyUser(AffineOp affine) { return affine.getInput().hasOneUse(); }

// scale * (w x + b) + shift = (scale w) x + (scale b + shift): holds for any sign of scale, and only because nothing
// lies between (a relu would not commute with a negative scale).
struct FoldIntoConv : OpRewritePattern<AffineOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AffineOp affine, PatternRewriter &rewriter) const override {
    auto conv = affine.getInput().getDefiningOp<ConvOp>();
    if (!conv)
      return rewriter.notifyMatchFailure(affine, "expected a convolution as input");
    if (!isOnlyUser(affine))
      return rewriter.notifyMatchFailure(affine, "expected to be the only user of the convolution");
    auto [filter, bias] = scaleLayer(rewriter, affine.getLoc(), conv.getFilter(), conv.getBias(), affine);
    rewriter.setInsertionPoint(affine);
    auto folded = ConvOp::create(rewriter, fuseLocs(conv, affine), conv.getType(), conv.getInput(), filter, bias,
                                 conv.getWindow(), conv.getGroups());
    rewriter.replaceOp(affine, folded);
    return success();
  }
};

// The same for a gemm whose rows are its outputs; without `transposed` the scale would run along dimension 1.
struct FoldIntoGemm : OpRewritePattern<AffineOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AffineOp affine, PatternRewriter &rewriter) const override {
    auto gemm = affine.getInput().getDefiningOp<GemmOp>();
    if (!gemm || !gemm.getTransposed())
      return rewriter.notifyMatchFailure(affine, "expected a transposed gemm as input");
    if (!isOnlyUser(affine))
      return rewriter.notifyMatchFailure(affine, "expected to be the only user of the gemm");
    auto [weight, bias] = scaleLayer(rewriter, affine.getLoc(), gemm.getWeight(), gemm.getBias(), affine);
    rewriter.setInsertionPoint(affine);
    auto folded = GemmOp::create(rewriter, fuseLocs(gemm, affine), gemm.getType(), gemm.getInput(), weight, bias,
                                 gemm.getTransposedAttr());
    rewriter.replaceOp(affine, folded);
    return success();
  }
};

// Batch normalisation that was spelled as a multiplication and an addition: (x * s + h) * scale + shift is
// x * (s * scale) + (h * scale + shift).
struct MergeAffines : OpRewritePattern<AffineOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AffineOp affine, PatternRewriter &rewriter) const override {
    auto first = affine.getInput().getDefiningOp<AffineOp>();
    if (!first)
      return rewriter.notifyMatchFailure(affine, "expected another affine operation as input");
    if (!isOnlyUser(affine))
      return rewriter.notifyMatchFailure(affine, "expected to be the only user of the other");
    Type vector = first.getScale().getType();
    Value scale = ScaleChannelsOp::create(rewriter, affine.getLoc(), vector, first.getScale(), affine.getScale());
    Value shift = ScaleShiftOp::create(rewriter, affine.getLoc(), vector, first.getShift(), affine.getScale(), affine.getShift());
    auto merged = AffineOp::create(rewriter, fuseLocs(first, affine), affine.getType(), first.getInput(), scale, shift);
    rewriter.replaceOp(affine, merged);
    return success();
  }
};

struct FoldBatchNormPass : res::impl::FoldBatchNormPassBase<FoldBatchNormPass> {
  using Base::Base;
  void runOnOperation() override {
    unsigned before = countScaledLayers();
    RewritePatternSet patterns(&getContext());
    patterns.add<LowerBatchNorm, FoldIntoConv, FoldIntoGemm>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    numFolded += countScaledLayers() - before;
    // What could not become part of a layer.
    RewritePatternSet rest(&getContext());
    rest.add<MergeAffines>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(rest))))
      return signalPassFailure();
  }

  unsigned countScaledLayers() {
    unsigned count = 0;
    getOperation().walk([&](ScaleChannelsOp) { ++count; });
    return count;
  }
};

} // namespace
