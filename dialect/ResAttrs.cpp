//===- ResAttrs.cpp - attributes of the res dialect -------------*- C++ -*-===//
//
// Assembly and verifiers of windows, layouts, packings and schedules.
//
//===----------------------------------------------------------------------===//

#include "dialect/Res.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace res;

#include "dialect/ResEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/ResAttrs.cpp.inc"

void ResDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/ResAttrs.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Window
//===----------------------------------------------------------------------===//

// <3x3, stride = 2x2, pad = [1, 1, 1, 1], dilation = 2x2>, fields in any order.
Attribute WindowAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> kernel, strides, pads, dilations;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseLess() || parser.parseDimensionList(kernel, /*allowDynamic=*/false, /*withTrailingX=*/false))
    return {};
  strides.assign(kernel.size(), 1);
  dilations.assign(kernel.size(), 1);
  pads.assign(2 * kernel.size(), 0);
  auto parseSizes = [&](SmallVector<int64_t> &sizes) {
    sizes.clear();
    return parser.parseDimensionList(sizes, /*allowDynamic=*/false, /*withTrailingX=*/false);
  };
  while (succeeded(parser.parseOptionalComma())) {
    StringRef field;
    SMLoc fieldLoc = parser.getCurrentLocation();
    if (parser.parseKeyword(&field) || parser.parseEqual())
      return {};
    if (field == "stride") {
      if (parseSizes(strides))
        return {};
    } else if (field == "dilation") {
      if (parseSizes(dilations))
        return {};
    } else if (field == "pad") {
      pads.clear();
      if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                         [&] { return parser.parseInteger(pads.emplace_back()); }))
        return {};
    } else {
      return parser.emitError(fieldLoc, "expected 'stride', 'pad' or 'dilation', got '") << field << "'", Attribute();
    }
  }
  if (parser.parseGreater())
    return {};
  return WindowAttr::getChecked([&] { return parser.emitError(loc); }, parser.getContext(), kernel, strides, pads,
                                dilations);
}

void WindowAttr::print(AsmPrinter &printer) const {
  auto isOne = [](int64_t value) { return value == 1; };
  printer << "<";
  printer.printDimensionList(getKernel());
  if (!llvm::all_of(getStrides(), isOne)) {
    printer << ", stride = ";
    printer.printDimensionList(getStrides());
  }
  if (hasPads()) {
    printer << ", pad = [";
    llvm::interleaveComma(getPads(), printer);
    printer << "]";
  }
  if (hasDilations()) {
    printer << ", dilation = ";
    printer.printDimensionList(getDilations());
  }
  printer << ">";
}

LogicalResult WindowAttr::verify(function_ref<InFlightDiagnostic()> error, ArrayRef<int64_t> kernel,
                                 ArrayRef<int64_t> strides, ArrayRef<int64_t> pads, ArrayRef<int64_t> dilations) {
  size_t rank = kernel.size();
  if (rank == 0 || strides.size() != rank || dilations.size() != rank || pads.size() != 2 * rank)
    return error() << "expected a window of " << rank << " axes to have as many strides and dilations and twice as many"
                   << " pads, got " << strides.size() << ", " << dilations.size() << " and " << pads.size();
  auto below = [](ArrayRef<int64_t> values, int64_t least) { return llvm::any_of(values, [=](int64_t v) { return v < least; }); };
  if (below(kernel, 1) || below(strides, 1) || below(dilations, 1))
    return error() << "expected window sizes, strides and dilations of at least 1";
  if (below(pads, 0))
    return error() << "expected pads of at least 0";
  return success();
}

bool WindowAttr::hasPads() const {
  return llvm::any_of(getPads(), [](int64_t value) { return value != 0; });
}

bool WindowAttr::hasDilations() const {
  return llvm::any_of(getDilations(), [](int64_t value) { return value != 1; });
}

//===----------------------------------------------------------------------===//
// Blocked layout
//===----------------------------------------------------------------------===//

LogicalResult BlockedAttr::verify(function_ref<InFlightDiagnostic()> error, int64_t block) {
  return block >= 1 ? success() : LogicalResult(error() << "expected a block of at least 1 channel, got " << block);
}

LogicalResult BlockedAttr::verifyEncoding(ArrayRef<int64_t> shape, Type, function_ref<InFlightDiagnostic()> error) const {
  if (shape.size() != 4)
    return error() << "expected a blocked tensor to have rank 4, got rank " << shape.size();
  return success();
}
