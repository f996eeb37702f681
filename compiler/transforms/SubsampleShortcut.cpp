//===- SubsampleShortcut.cpp - strided shortcuts from a copy ----*- C++ -*-===//
//
// Lets a strided 1x1 shortcut read a copy of the pixels that it needs, so that the map of the block before need not stay.
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/Passes.h"

#include "mlir/IR/Builders.h"

#define DEBUG_TYPE "res-subsample-shortcut"

namespace res {
#define GEN_PASS_DEF_SUBSAMPLESHORTCUTPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace res

using namespace mlir;
using namespace res;

namespace {

struct SubsampleShortcutPass : res::impl::SubsampleShortcutPassBase<SubsampleShortcutPass> {
  using Base::Base;
  void runOnOperation() override {
    SmallVector<ConvOp> convs;
    getOperation().walk([&](ConvOp conv) {
      if (readsFewPixels(conv) && isShortcut(conv))
        convs.push_back(conv);
    });
    for (ConvOp conv : convs)
      subsample(conv);
    numSubsampled += convs.size();
  }

  static bool isOne(int64_t value) { return value == 1; }

  static bool readsFewPixels(ConvOp conv) {
    WindowAttr window = conv.getWindow();
    return llvm::all_of(window.getKernel(), isOne) && !window.hasPads() && !llvm::all_of(window.getStrides(), isOne);
  }

  /// Another operation reads all pixels, and the map comes from this program: inputs of the model stay anyway.
  static bool isShortcut(ConvOp conv) {
    Value map = conv.getInput();
    return map.getDefiningOp() && llvm::any_of(map.getUsers(), [&](Operation *user) {
             auto other = dyn_cast<ConvOp>(user);
             return user != conv && !(other && readsFewPixels(other));
           });
  }

  /// Where the copy costs the least memory: behind the layer of the main branch that shrinks the map, before the next one.
  /// That is before the shortcut, as exporters write it last; else at the shortcut.
  static Operation *placeOf(ConvOp conv) {
    const int64_t height = conv.getType().getDimSize(2);
    bool hasShrunk = false;
    for (Operation *op = conv.getInput().getDefiningOp()->getNextNode(); op && op != conv; op = op->getNextNode()) {
      if (hasShrunk && !isElementwise(op) && !isWeightOp(op))
        return op;
      auto layer = dyn_cast<ConvOp>(op);
      hasShrunk |= layer && layer.getType().getDimSize(2) <= height;
    }
    return conv;
  }

  static void subsample(ConvOp conv) {
    OpBuilder builder(placeOf(conv));
    WindowAttr window = conv.getWindow();
    RankedTensorType from = conv.getInput().getType(), to = conv.getType();
    SmallVector<int64_t> shape{from.getDimSize(0), from.getDimSize(1)}, strides{1, 1};
    llvm::append_range(shape, to.getShape().drop_front(2));
    llvm::append_range(strides, window.getStrides());
    const SmallVector<int64_t> offsets(shape.size(), 0), ones(window.getKernel().size(), 1);
    // A name of its own: the node's is that of the layer, whose result is compared with the model's.
    Location loc = NameLoc::get(builder.getStringAttr(getNodeName(conv.getLoc()).str() + " (pixels)"));
    auto pixels = SliceOp::create(builder, loc, RankedTensorType::get(shape, from.getElementType()), conv.getInput(),
                                  builder.getDenseI64ArrayAttr(offsets), builder.getDenseI64ArrayAttr(strides));
    conv.getInputMutable().set(pixels);
    conv.setWindowAttr(WindowAttr::get(builder.getContext(), window.getKernel(), ones, window.getPads(), ones));
  }
};

} // namespace
