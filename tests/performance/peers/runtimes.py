"""The peers: one class each, used in a child process.

compile(case) -> path of the artifact (ahead of time, in a process of its own); load(case) -> a function that does one
inference and returns the output in host memory. `case` has: model, x (NumPy input), input (its name), threads, cores, art
(what names of artifacts begin with), artifact, resc, resc_args.
"""
import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile

from onnx_to_torch import onnx_to_torch


class Peer:
    dist = module = None  # the package on PyPI, and the module that says whether it is there
    flags = []            # artifacts of other flags are other artifacts
    per_threads = False   # whether an artifact is for one thread count

    def version(self, case):
        with contextlib.suppress(Exception):
            return importlib.metadata.version(self.dist)
        return "?"

    def prepare(self):
        """What a program would have loaded before it asks for the model."""
        importlib.import_module(self.module)


class Resc(Peer):
    """This compiler, without its cache of kernels. The library is called through the class of examples/python, its
    buffers set once."""
    module = "numpy"

    def version(self, case):
        return subprocess.check_output([case.resc, "--version"], text=True).split()[-1]

    def compile(self, case):
        library = case.art + ".so"
        subprocess.run([case.resc, "compile", case.model, "-o", library, "--no-cache", *self.flags, *case.resc_args],
                       check=True, stdout=2)
        return library

    def load(self, case):
        import numpy as np
        sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../examples/python"))
        from resc_model import Model
        model = Model(case.artifact, threads=case.threads)
        output = np.empty(model.outputs[0].shape, model.outputs[0].dtype)
        inputs, outputs = model._pointers([case.x]), model._pointers([output])

        def run():
            model._check(model._info.run(model._instance, inputs, outputs))
            return output
        return run


class RescFast(Resc):
    flags = ["--math", "fast"]


class RescStrict(Resc):
    flags = ["--math", "strict"]


class Ort(Peer):
    """ONNX Runtime, CPU execution provider, all graph optimizations."""
    dist = module = "onnxruntime"

    def load(self, case):
        import onnxruntime as ort
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = case.threads, 1, 3
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = ort.InferenceSession(case.model, options, providers=["CPUExecutionProvider"])
        return lambda: session.run(None, {case.input: case.x})[0]


class OpenVino(Peer):
    """OpenVINO CPU plugin, latency hint, fp32 forced (the default is bf16 where the CPU has it)."""
    dist = module = "openvino"
    precision = "f32"

    def load(self, case):
        import openvino as ov
        core = ov.Core()
        settings = {"INFERENCE_NUM_THREADS": case.threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
                    "INFERENCE_PRECISION_HINT": self.precision}
        request = core.compile_model(core.read_model(case.model), "CPU", settings).create_infer_request()
        request.set_input_tensor(ov.Tensor(case.x, shared_memory=True))

        def run():
            request.infer()
            return request.get_output_tensor(0).data
        return run


class OpenVinoBf16(OpenVino):
    """OpenVINO with bf16, its default on CPUs that have bf16 instructions."""
    precision = "bf16"


class Iree(Peer):
    """IREE llvm-cpu, host CPU, O3, data tiling, convolutions as im2col + matmul (the fastest of these)."""
    dist, module = "iree-base-compiler", "iree.compiler"
    flags = ["--iree-hal-target-backends=llvm-cpu", "--iree-llvmcpu-target-cpu=host", "--iree-opt-level=O3",
             "--iree-opt-data-tiling", "--iree-global-opt-use-im2col-for-convs"]

    def prepare(self):
        importlib.import_module("iree.runtime")

    def compile(self, case):
        import iree.compiler as ic
        mlir, library = case.art + ".mlir", case.art + ".vmfb"
        subprocess.run([sys.executable, "-m", "iree.compiler.tools.import_onnx", case.model, "-o", mlir,
                        "--opset-version", "17"], check=True, stdout=2)
        ic.compile_file(mlir, output_file=library, input_type="onnx", extra_args=self.flags)
        os.unlink(mlir)
        return library

    def load(self, case):
        import iree.runtime as rt
        rt.flags.parse_flags("--task_topology_cpu_ids=" + ",".join(map(str, case.cores)))
        config = rt.Config("local-task")
        context = rt.SystemContext(config=config)
        context.add_vm_module(rt.VmModule.mmap(context.instance, case.artifact))
        module = [m for name, m in context.modules.items() if name != "hal"][0]
        entry = module[[name for name in module.vm_module.function_names
                        if not name.endswith("$async") and "__" not in name][0]]
        x = rt.asdevicearray(config.device, case.x)

        def run():
            y = entry(x)
            return (y[0] if isinstance(y, tuple) else y).to_host()
        return run


class IreeNoTiling(Iree):
    """IREE, im2col without data tiling: slower, but compiles models that fail with both."""
    flags = Iree.flags[:3] + Iree.flags[4:]


class IreeDirect(Iree):
    """IREE, data tiling without im2col (direct convolutions by LLVM)."""
    flags = Iree.flags[:-1]


class IreeUkernel(Iree):
    """IREE as the default here, with its microkernels."""
    flags = Iree.flags + ["--iree-llvmcpu-enable-ukernels=all"]


class IreeConvTile(Iree):
    """IREE, experimental data tiling of convolutions in place of im2col."""
    flags = Iree.flags[:-1] + ["--iree-dispatch-creation-experimental-set-data-tiling-ops=" + op
                               for op in ("matmul", "convolution")]


class Tvm(Peer):
    """TVM Relax ONNX frontend, default llvm pipeline, no tuning."""
    dist, module = "apache-tvm", "tvm"

    def compile(self, case):
        import onnx
        import tvm
        from tvm import relax
        from tvm.relax.frontend.onnx import from_onnx
        module = from_onnx(onnx.load(case.model), shape_dict={case.input: list(case.x.shape)}, keep_params_in_input=False)
        cpu = "native"
        with contextlib.suppress(Exception):
            cpu = tvm.target.codegen.llvm_get_system_cpu()
        target = tvm.target.Target({"kind": "llvm", "mcpu": cpu, "num-cores": len(case.cores)})
        with target, tvm.transform.PassContext(opt_level=3):
            library = tvm.compile(relax.get_pipeline("zero")(module), target=target)
        library.export_library(case.art + ".so")
        return case.art + ".so"

    def load(self, case):
        import tvm
        from tvm import relax
        machine = relax.VirtualMachine(tvm.runtime.load_module(case.artifact), tvm.cpu())
        x = tvm.runtime.tensor(case.x)

        def run():
            y = machine["main"](x)
            return (y if hasattr(y, "numpy") else y[0]).numpy()
        return run


class Torch(Peer):
    """PyTorch eager (oneDNN convolutions), channels-last, batch-norm not folded."""
    dist = module = "torch"

    def network(self, case):
        import torch
        torch.set_num_threads(case.threads)
        with contextlib.suppress(RuntimeError):
            torch.set_num_interop_threads(1)
        module = onnx_to_torch(case.model).eval().requires_grad_(False)
        x = torch.from_numpy(case.x)
        if x.dim() == 4:
            module, x = module.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
        return module, x

    def load(self, case):
        import torch
        module, x = self.network(case)

        def run():
            with torch.inference_mode():
                return module(x).numpy()
        return run


class Inductor(Torch):
    """PyTorch AOTInductor package (torch.export, freezing), channels-last; weights are packed per thread count."""
    per_threads = True

    def compile(self, case):
        import torch
        module, x = self.network(case)
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = case.art + ".cache"
        with torch.no_grad():
            torch._inductor.aoti_compile_and_package(torch.export.export(module, (x,)), package_path=case.art + ".pt2",
                                                     inductor_configs={"freezing": True})
        shutil.rmtree(case.art + ".cache", ignore_errors=True)
        return case.art + ".pt2"

    def load(self, case):
        import torch
        torch.set_num_threads(case.threads)
        package = torch._inductor.aoti_load_package(case.artifact)
        x = torch.from_numpy(case.x)
        if x.dim() == 4:
            x = x.to(memory_format=torch.channels_last)

        def run():
            with torch.inference_mode():
                return package(x).numpy()
        return run


class TorchCompile(Torch):
    """torch.compile (inductor JIT) with freezing, channels-last; compiles at the first inference."""

    def load(self, case):
        import torch
        import torch._inductor.config
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.mkdtemp(prefix="inductor", dir=os.getcwd())
        torch._inductor.config.freezing = True
        module, x = self.network(case)
        compiled = torch.compile(module)

        def run():
            with torch.no_grad():
                return compiled(x).numpy()
        return run


class Ncnn(Peer):
    """ncnn, converted by pnnx, fp32 storage and arithmetic, all other options default (Winograd on)."""
    dist = module = "ncnn"

    def compile(self, case):
        tool = os.path.join(os.path.dirname(importlib.util.find_spec("pnnx").origin), "pnnx")
        folder = case.art + ".pnnx"
        os.makedirs(folder, exist_ok=True)
        shutil.copy(case.model, folder + "/m.onnx")
        subprocess.run([tool, "m.onnx", "fp16=0", "inputshape=[%s]" % ",".join(map(str, case.x.shape))],
                       cwd=folder, check=True, stdout=2)
        for name in os.listdir(folder):
            if not name.startswith("m.ncnn."):
                os.unlink(os.path.join(folder, name))
        return folder + "/m.ncnn"

    def load(self, case):
        import ncnn
        import numpy as np
        if case.x.shape[0] != 1:
            raise RuntimeError("ncnn: batch size 1 only")
        net = ncnn.Net()
        net.opt.num_threads, net.opt.use_vulkan_compute = case.threads, False
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        net.opt.use_bf16_packed = net.opt.use_bf16_storage = False
        ncnn.set_omp_num_threads(case.threads)
        if net.load_param(case.artifact + ".param") or net.load_model(case.artifact + ".bin"):
            raise RuntimeError("ncnn: cannot load")
        first, last = net.input_names()[0], net.output_names()[0]
        x = ncnn.Mat(case.x[0])

        def run():
            extractor = net.create_extractor()
            extractor.input(first, x)
            return np.array(extractor.extract(last)[1])
        return run


class Reference(Torch):
    """Not timed: fp64 through the converter."""

    def load(self, case):
        import torch
        module = onnx_to_torch(case.model).eval().requires_grad_(False).double()

        def run():
            with torch.inference_mode():
                return module(torch.from_numpy(case.x).double()).numpy()
        return run


PEERS = {"resc": Resc, "resc-fast": RescFast, "resc-strict": RescStrict, "ort": Ort, "openvino": OpenVino,
         "openvino-bf16": OpenVinoBf16, "iree": Iree, "iree-notiling": IreeNoTiling, "iree-direct": IreeDirect,
         "iree-ukernel": IreeUkernel, "iree-convtile": IreeConvTile, "tvm": Tvm, "torch": Torch, "inductor": Inductor,
         "torch-compile": TorchCompile, "ncnn": Ncnn, "reference": Reference}
