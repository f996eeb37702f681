//===- ResDialect.td - the res dialect ------------------------*- tablegen -*-===//
//
// The dialect itself and the base classes of its attributes and operations.
//
//===----------------------------------------------------------------------===//

#ifndef RES_DIALECT_TD
#define RES_DIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Res_Dialect : Dialect {
  let name = "res";
  let cppNamespace = "::res";
  let summary = "graphs of residual networks";
  let description = [{
    Operations of convolutional networks on ranked tensors with static shapes, weights that stay symbolic until they
    are packed, and the kernel regions that fusion builds. `dialect/Rationale.md` tells the phases a module goes
    through and what holds in each.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let dependentDialects = ["::mlir::func::FuncDialect"];
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
}

class Res_Attr<string n, string m, list<Trait> traits = []> : AttrDef<Res_Dialect, n, traits> {
  let mnemonic = m;
}

class Res_Op<string m, list<Trait> traits = []> : Op<Res_Dialect, m, traits>;

#endif // RES_DIALECT_TD
