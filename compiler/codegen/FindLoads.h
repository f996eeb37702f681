//===- FindLoads.h - loads of a buffer in lowered loops ---------*- C++ -*-===//

#ifndef RES_COMPILER_CODEGEN_FINDLOADS_H
#define RES_COMPILER_CODEGEN_FINDLOADS_H

#include <Halide.h>

#include <map>
#include <string>
#include <vector>

namespace res {

/// Values of the scalar integers that are bound in a statement, in terms of loop variables.
using Bindings = std::map<std::string, Halide::Expr>;

/// Loads of whole vectors from a buffer, in order, with what is bound around them; not those in loops inside.
class FindLoads : public Halide::Internal::IRVisitor {
public:
  FindLoads(const std::string &buffer, Bindings bindings) : buffer(buffer), bindings(std::move(bindings)) {}

  std::vector<Halide::Expr> bases;   // of the ramps that are loaded
  std::vector<Halide::Expr> scalars; // indices of single elements
  bool hasLoops = false;

private:
  using IRVisitor::visit;
  void visit(const Halide::Internal::Load *op) override {
    if (const Halide::Internal::Ramp *ramp = op->index.as<Halide::Internal::Ramp>(); ramp && op->name == buffer)
      bases.push_back(Halide::Internal::substitute(bindings, ramp->base));
    else if (op->name == buffer && op->index.type().is_scalar())
      scalars.push_back(Halide::Internal::substitute(bindings, op->index));
    IRVisitor::visit(op);
  }
  void visit(const Halide::Internal::LetStmt *op) override {
    bind(op->name, op->value);
    op->body.accept(this);
  }
  void visit(const Halide::Internal::Let *op) override {
    op->value.accept(this);
    bind(op->name, op->value);
    op->body.accept(this);
  }
  void visit(const Halide::Internal::For *op) override { hasLoops = true; }
  void bind(const std::string &name, const Halide::Expr &value) {
    value.accept(this);
    if (value.type().is_int() && value.type().is_scalar())
      bindings[name] = Halide::Internal::substitute(bindings, value);
  }

  std::string buffer;
  Bindings bindings;
};

} // namespace res

#endif // RES_COMPILER_CODEGEN_FINDLOADS_H
