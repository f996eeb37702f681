//===- DriverBuilder.cpp - pieces of the driver in the LLVM dialect *- C++ -*-===//

#include "compiler/lowering/DriverBuilder.h"

using namespace mlir;
using namespace res;

DriverBuilder::DriverBuilder(ModuleOp module)
    : builder(module.getContext()), loc(builder.getUnknownLoc()), ptr(LLVM::LLVMPointerType::get(module.getContext())),
      i8(builder.getI8Type()), i32(builder.getI32Type()), i64(builder.getI64Type()), module(module) {}

Value DriverBuilder::integer(Type type, int64_t value) {
  return LLVM::ConstantOp::create(builder, loc, type, builder.getIntegerAttr(type, value));
}

Value DriverBuilder::address(StringRef symbol) { return LLVM::AddressOfOp::create(builder, loc, ptr, symbol); }

Value DriverBuilder::null() { return LLVM::ZeroOp::create(builder, loc, ptr); }

Value DriverBuilder::advance(Value pointer, int64_t bytes) {
  return LLVM::GEPOp::create(builder, loc, ptr, i8, pointer, ArrayRef<LLVM::GEPArg>{integer(i64, bytes)});
}

Value DriverBuilder::loadPointer(Value pointer, int64_t index) {
  Value slot = LLVM::GEPOp::create(builder, loc, ptr, ptr, pointer, ArrayRef<LLVM::GEPArg>{int32_t(index)});
  return LLVM::LoadOp::create(builder, loc, ptr, slot);
}

LLVM::LLVMFuncOp DriverBuilder::function(StringRef name, Type result, ArrayRef<Type> arguments, LLVM::Linkage linkage,
                                         bool isPublic) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  auto function = LLVM::LLVMFuncOp::create(builder, loc, name, LLVM::LLVMFunctionType::get(result, arguments), linkage);
  if (!isPublic && linkage == LLVM::Linkage::External)
    function.setVisibility_(LLVM::Visibility::Hidden);
  return function;
}

LLVM::GlobalOp DriverBuilder::global(StringRef name, Type type, Attribute value) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  auto linkage = value ? LLVM::Linkage::Private : LLVM::Linkage::Internal;
  return LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true, linkage, name, value);
}

void DriverBuilder::externalData(StringRef name) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module.getBody());
  auto data = LLVM::GlobalOp::create(builder, loc, LLVM::LLVMArrayType::get(i8, 0), /*isConstant=*/true,
                                     LLVM::Linkage::External, name, Attribute());
  data.setVisibility_(LLVM::Visibility::Hidden);
  data.setDsoLocal(true);
}

void DriverBuilder::string(StringRef name, StringRef text) {
  std::string terminated = text.str();
  terminated.push_back('\0');
  global(name, LLVM::LLVMArrayType::get(i8, terminated.size()), builder.getStringAttr(terminated));
}

void DriverBuilder::integers(StringRef name, ArrayRef<int64_t> values) {
  global(name, LLVM::LLVMArrayType::get(i64, values.size()), builder.getI64TensorAttr(values));
}

void DriverBuilder::aggregate(StringRef name, llvm::function_ref<SmallVector<Value>()> fields) {
  // The type follows from the fields, so they are made in a block first that the global then takes over.
  OpBuilder::InsertionGuard guard(builder);
  Block *block = new Block;
  builder.setInsertionPointToStart(block);
  SmallVector<Value> values = fields();
  SmallVector<Type> types;
  for (Value value : values)
    types.push_back(value.getType());
  Type type = LLVM::LLVMStructType::getLiteral(builder.getContext(), types);
  Value whole = LLVM::UndefOp::create(builder, loc, type);
  for (auto [index, value] : llvm::enumerate(values))
    whole = LLVM::InsertValueOp::create(builder, loc, whole, value, index);
  LLVM::ReturnOp::create(builder, loc, whole);
  global(name, type, Attribute()).getInitializerRegion().push_back(block);
}
