#!/usr/bin/env python3
"""Static int8 QDQ model from a float ONNX model, with random calibration data (for timing, not for accuracy).

    quantize.py MODEL.onnx OUT.onnx [--samples 4] [--seed 1]

Per-channel s8 weights, per-tensor u8 activations, batch norm folded first.
"""
import argparse
import os
import tempfile

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static


class Noise(CalibrationDataReader):
    def __init__(self, name, shape, samples, seed):
        random = np.random.default_rng(seed)
        self.samples = iter([{name: random.standard_normal(shape).astype(np.float32)} for _ in range(samples)])

    def get_next(self):
        return next(self.samples, None)


def fold(model, folder):
    """Batch norm folded, nothing fused beyond ONNX; returns the path."""
    if model.opset_import[0].version < 13:
        model = onnx.version_converter.convert_version(model, 13)
    onnx.save(model, folder + "/in.onnx")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = folder + "/folded.onnx"
    ort.InferenceSession(folder + "/in.onnx", options, providers=["CPUExecutionProvider"])
    onnx.save(onnx.shape_inference.infer_shapes(onnx.load(folder + "/folded.onnx")), folder + "/folded.onnx")
    return folder + "/folded.onnx"


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("model")
    p.add_argument("out")
    p.add_argument("--samples", type=int, default=4)
    p.add_argument("--seed", type=int, default=1)
    options = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folded = fold(onnx.load(options.model), folder)
        graph = onnx.load(folded).graph
        weights = {i.name for i in graph.initializer}
        first = [i for i in graph.input if i.name not in weights][0]
        shape = [d.dim_value or 1 for d in first.type.tensor_type.shape.dim]
        quantize_static(folded, options.out, Noise(first.name, shape, options.samples, options.seed),
                        quant_format=QuantFormat.QDQ, per_channel=True, weight_type=QuantType.QInt8,
                        activation_type=QuantType.QUInt8, calibrate_method=CalibrationMethod.MinMax)
    nodes = sum(node.op_type == "DequantizeLinear" for node in onnx.load(options.out).graph.node)
    print("%s: %d DequantizeLinear, %.1f MB" % (options.out, nodes, os.path.getsize(options.out) / 1e6))


if __name__ == "__main__":
    main()
