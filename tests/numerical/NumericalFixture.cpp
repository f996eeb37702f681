//===- NumericalFixture.cpp - compile, run and compare ----------*- C++ -*-===//

#include "tests/numerical/NumericalFixture.h"
#include "compiler/analysis/TargetModel.h"
#include "compiler/pipeline/BuildArtifact.h"
#include "compiler/pipeline/Pipeline.h"
#include "compiler/reference/Reference.h"
#include "tests/numerical/FencedBuffer.h"
#include "tests/numerical/LoadedModel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace res;

// Single precision with sums in any order: what `--math strict` promises, relative to the largest element.
static constexpr double kBound = 1e-5;
static constexpr int kThreadCounts[] = {1, 2, 3};
static constexpr int kRuns = 2;

NumericalFixture::NumericalFixture() : context(MLIRContext::Threading::DISABLED) {
  context.loadDialect<ResDialect, func::FuncDialect, LLVM::LLVMDialect>();
}

void NumericalFixture::SetUp() { ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("res-test", folder)); }

void NumericalFixture::TearDown() { llvm::sys::fs::remove_directories(folder); }

void NumericalFixture::useTarget(StringRef name) {
  StringRef host = TargetModel::hostName();
  // The names of the levels sort as the levels do.
  if (host.empty() || name > host)
    GTEST_SKIP() << "[SKIP] this machine is below " << name.str();
  target = name.str();
}

std::string NumericalFixture::file(StringRef name) const {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, name);
  return path.str().str();
}

llvm::Error NumericalFixture::plan(NetworkBuilder &network, const Edit &edit) {
  std::string messages;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    messages += (messages.empty() ? "" : "\n") + diagnostic.str();
    return success();
  });
  std::error_code failure;
  llvm::raw_fd_ostream(file(NetworkBuilder::kWeightFile), failure) << network.weights();
  if (failure)
    return llvm::createStringError("cannot write the weights: " + failure.message());
  planned = network.finish();
  if (failed(verify(*planned)))
    return llvm::createStringError(messages);
  original = planned->clone();
  auto advance = [&](Phase last) { return runPhases(*planned, last, [](PassManager &) {}); };
  if (failed(advance(Phase::decided)))
    return llvm::createStringError(messages);
  if (edit)
    edit(*planned);
  return succeeded(advance(Phase::planned)) ? llvm::Error::success() : llvm::createStringError(messages);
}

llvm::Error NumericalFixture::compile(NetworkBuilder &network, const std::string &path, const Edit &edit) {
  if (llvm::Error error = plan(network, edit))
    return error;
  BuildOptions options;
  options.output = path;
  options.baseFolder = folder.str().str();
  return buildArtifact(*planned, options);
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

namespace {

/// What surrounds the runs of one library: buffers for all inputs and outputs.
struct Buffers {
  std::vector<FencedBuffer> inputs, outputs;

  Buffers(const res_model &model, FencedBuffer::Edge edge) {
    for (uint32_t i = 0; i < model.input_count; ++i)
      inputs.emplace_back(model.inputs[i].bytes, edge);
    for (uint32_t i = 0; i < model.output_count; ++i)
      outputs.emplace_back(model.outputs[i].bytes, edge);
  }

  /// One inference; all outputs one after the other.
  std::vector<float> run(const res_model &model, res_instance *instance, ArrayRef<std::vector<double>> values) {
    std::vector<const void *> in;
    std::vector<void *> out;
    for (auto [buffer, input] : llvm::zip(inputs, values)) {
      llvm::copy(input, buffer.floats().begin());
      in.push_back(buffer.data());
    }
    for (FencedBuffer &buffer : outputs) {
      buffer.poison();
      out.push_back(buffer.data());
    }
    EXPECT_EQ(model.run(instance, in.data(), out.data()), RES_OK);
    std::vector<float> results;
    for (FencedBuffer &buffer : outputs) {
      EXPECT_TRUE(buffer.isIntact()) << "written outside an output";
      results.insert(results.end(), buffer.floats().begin(), buffer.floats().end());
    }
    for (auto [buffer, input] : llvm::zip(inputs, values)) {
      EXPECT_TRUE(buffer.isIntact()) << "written outside an input";
      EXPECT_TRUE(llvm::equal(input, buffer.floats())) << "written into an input";
    }
    return results;
  }
};

} // namespace

/// Values that a float represents, about normally distributed.
static std::vector<double> makeInput(size_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::vector<double> values(count);
  for (double &value : values) {
    value = 0;
    for (int i = 0; i < 4; ++i)
      value += double(engine() >> 8) * 0x1p-24 - 0.5;
    value = float(1.7 * value);
  }
  return values;
}

static void expectClose(ArrayRef<float> got, ArrayRef<double> expected, const std::string &label) {
  double largest = 0, error = -1;
  size_t worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::fabs(expected[i]));
    double difference = std::fabs(double(got[i]) - expected[i]);
    if (std::isnan(difference))
      difference = INFINITY;
    if (difference > error) {
      error = difference;
      worst = i;
    }
  }
  EXPECT_LE(error, kBound * largest) << label << ": element " << worst << " of " << expected.size() << ": expected "
                                     << expected[worst] << ", got " << got[worst] << "; the largest is " << largest;
}

void NumericalFixture::compareRuns(const std::string &path) {
  LoadedModel library(path);
  ASSERT_TRUE(library.model) << library.error;
  const res_model &model = *library.model;
  auto main = original->lookupSymbol<func::FuncOp>("main");
  ASSERT_EQ(model.input_count, main.getNumArguments());
  ASSERT_EQ(model.output_count, main.getNumResults());

  std::vector<std::vector<float>> first; // by run, of one thread
  for (int threads : kThreadCounts) {
    FencedBuffer workspace(model.workspace_bytes(&model, threads), FencedBuffer::Edge::back);
    res_options options = {};
    options.struct_bytes = sizeof options;
    options.threads = threads;
    options.workspace = workspace.data();
    options.workspace_bytes = workspace.size();
    res_instance *instance = nullptr;
    ASSERT_EQ(model.open(&model, &options, &instance), RES_OK);
    for (int run = 0; run < kRuns; ++run) {
      std::vector<std::vector<double>> inputs;
      for (uint32_t i = 0; i < model.input_count; ++i)
        inputs.push_back(makeInput(model.inputs[i].bytes / sizeof(float), 100 * run + i));
      Buffers buffers(model, run % 2 ? FencedBuffer::Edge::front : FencedBuffer::Edge::back);
      std::vector<float> results = buffers.run(model, instance, inputs);
      if (threads == 1) {
        WeightEvaluator weights(folder.str().str());
        auto expected = evaluateReference(*original, weights, inputs, {});
        ASSERT_TRUE(bool(expected)) << llvm::toString(expected.takeError());
        ArrayRef<float> rest = results;
        for (auto [index, output] : llvm::enumerate(*expected)) {
          auto label = main.getResultAttrOfType<StringAttr>(index, kTensorNameAttr);
          expectClose(rest.take_front(output.size()), output, label.str());
          rest = rest.drop_front(output.size());
        }
        first.push_back(results);
      } else {
        EXPECT_EQ(std::memcmp(results.data(), first[run].data(), results.size() * sizeof(float)), 0)
            << "expected the results of one thread, got others with " << threads;
      }
    }
    model.close(instance);
    EXPECT_TRUE(workspace.isIntact()) << "written outside the workspace";
  }
}

void NumericalFixture::check(NetworkBuilder &network, const Edit &edit) {
  // A library stays loaded once it was, so each has a name of its own.
  std::string path = file("network" + std::to_string(libraries++) + ".so");
  llvm::Error error = compile(network, path, edit);
  ASSERT_FALSE(bool(error)) << llvm::toString(std::move(error));
  compareRuns(path);
}
