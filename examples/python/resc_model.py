"""Models compiled by resc, from Python: ctypes and NumPy, nothing to build.

    with Model("digits.so", threads=2) as model:
        logits = model(image)["logits"]

The structures mirror res/runtime.h, which says what everything means.
"""

import ctypes
import os
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_void_p

import numpy as np

ABI_VERSION = 1
DTYPES = {1: np.float32, 2: np.float16, 4: np.uint8, 5: np.int8, 6: np.int32, 7: np.int64}  # by res_type


class TensorInfo(Structure):
    _fields_ = [("name", c_char_p), ("shape", POINTER(c_int64)), ("bytes", c_size_t), ("rank", c_uint32),
                ("type", c_uint32)]


class Options(Structure):
    _fields_ = [("struct_bytes", c_size_t), ("threads", c_int32), ("spin_microseconds", c_int32),
                ("workspace", c_void_p), ("workspace_bytes", c_size_t), ("parallel_for", c_void_p),
                ("parallel_for_user", c_void_p)]


class ModelInfo(Structure):
    """struct res_model. Pointers to itself and to instances stay untyped."""
    _fields_ = [("abi_version", c_uint32), ("struct_bytes", c_uint32), ("name", c_char_p), ("target", c_char_p),
                ("compiler", c_char_p), ("model_hash", c_char_p), ("input_count", c_uint32),
                ("output_count", c_uint32), ("inputs", POINTER(TensorInfo)), ("outputs", POINTER(TensorInfo)),
                ("step_count", c_uint32), ("reserved", c_uint32), ("program", c_void_p),
                ("workspace_bytes", CFUNCTYPE(c_size_t, c_void_p, c_int32)),
                ("open", CFUNCTYPE(c_int32, c_void_p, POINTER(Options), POINTER(c_void_p))),
                ("run", CFUNCTYPE(c_int32, c_void_p, POINTER(c_void_p), POINTER(c_void_p))),
                ("run_timed", c_void_p),
                ("threads", CFUNCTYPE(c_int32, c_void_p)),
                ("close", CFUNCTYPE(None, c_void_p)),
                ("status_text", CFUNCTYPE(c_char_p, c_int32)),
                # Only models of any batch have what follows, and struct_bytes for it.
                ("run_batch", CFUNCTYPE(c_int32, c_void_p, c_int64, POINTER(c_void_p), POINTER(c_void_p), c_void_p))]


class ResError(RuntimeError):
    """A library that is not one of resc's, or a call that failed, with the runtime's sentence for it."""


class Tensor:
    """What an input or output is called and how it looks: its shape begins with -1 where the model takes any batch."""

    def __init__(self, info):
        self.name = info.name.decode()
        self.shape = tuple(info.shape[:info.rank])
        if info.type not in DTYPES:
            raise ResError(f"'{self.name}': expected a type that NumPy has, got number {info.type}")
        self.dtype = np.dtype(DTYPES[info.type])

    def __repr__(self):
        return f"{self.name}: {self.dtype} {'x'.join(map(str, self.shape))}"


class Model:
    """One loaded library with one instance: one thread at a time may call it."""

    def __init__(self, path, threads=0):
        """threads: 1 to 256, the calling one included; 0: as many as this process may use."""
        self._instance = c_void_p()
        try:
            get_model = ctypes.CDLL(os.path.abspath(path)).res_get_model
        except (OSError, AttributeError) as error:
            raise ResError(f"'{path}': expected a library made by resc compile: {error}") from None
        get_model.restype = POINTER(ModelInfo)
        self._info = get_model().contents
        self._any_batch = self._info.struct_bytes == ctypes.sizeof(ModelInfo)
        known = self._any_batch or self._info.struct_bytes == ModelInfo.run_batch.offset
        if self._info.abi_version != ABI_VERSION or not known:
            raise ResError(f"'{path}': expected ABI version {ABI_VERSION}, got {self._info.abi_version}")
        self.inputs = [Tensor(info) for info in self._info.inputs[:self._info.input_count]]
        self.outputs = [Tensor(info) for info in self._info.outputs[:self._info.output_count]]
        options = Options(struct_bytes=ctypes.sizeof(Options), threads=threads)
        self._check(self._info.open(ctypes.addressof(self._info), options, ctypes.byref(self._instance)))

    def __call__(self, *arrays, **named):
        """One inference: the inputs in order or by name; returns a dictionary of the outputs by name."""
        if not self._instance:
            raise ResError("the model is closed")
        values = {**dict(zip((tensor.name for tensor in self.inputs), arrays)), **named}
        if len(arrays) + len(named) != len(self.inputs) or any(t.name not in values for t in self.inputs):
            raise TypeError(f"expected the inputs {self.inputs}, got {len(arrays)} in order and {sorted(named)}")
        inputs = [np.ascontiguousarray(values[tensor.name], tensor.dtype) for tensor in self.inputs]
        batch = inputs[0].shape[:1] if self._any_batch else ()
        if batch == (0,):
            raise ValueError("expected a batch of at least one image, got none")
        for tensor, array in zip(self.inputs, inputs):
            expected = batch + tensor.shape[len(batch):]
            if array.shape != expected:
                raise ValueError(f"input '{tensor.name}': expected shape {expected}, got {array.shape}")
        outputs = {tensor.name: np.empty(batch + tensor.shape[len(batch):], tensor.dtype) for tensor in self.outputs}
        pointers = self._pointers(inputs), self._pointers(outputs.values())
        self._check(self._info.run_batch(self._instance, batch[0], *pointers, None) if batch else
                    self._info.run(self._instance, *pointers))
        return outputs

    @property
    def threads(self):
        return self._info.threads(self._instance) if self._instance else 0

    def close(self):
        """Ends the threads and frees the memory; the library itself stays loaded."""
        if self._instance:
            self._info.close(self._instance)
            self._instance = c_void_p()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    __del__ = close

    def _check(self, status):
        if status:
            raise ResError(self._info.status_text(status).decode())

    @staticmethod
    def _pointers(arrays):
        return (c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
