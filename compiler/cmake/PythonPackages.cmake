# Finds what comes as Python packages: Halide (a C++ library in a wheel) and the ONNX schema. Their interpreter is
# -DRES_PYTHON=…, or the virtual environment that compiler/cmake/setup.sh keeps in build/venv.

set(RES_PYTHON "${CMAKE_SOURCE_DIR}/build/venv/bin/python" CACHE FILEPATH "interpreter that has halide and onnx")
if(NOT EXISTS ${RES_PYTHON})
  message(FATAL_ERROR "no Python interpreter at ${RES_PYTHON}: run compiler/cmake/setup.sh, or pass -DRES_PYTHON=…")
endif()

# The folder of an installed package.
function(res_python_package name result)
  execute_process(
    COMMAND ${RES_PYTHON} -c "import importlib.util as u, os; print(os.path.dirname(u.find_spec('${name}').origin))"
    OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
  if(failed)
    message(FATAL_ERROR "${RES_PYTHON} has no package '${name}': run compiler/cmake/setup.sh")
  endif()
  set(${result} ${folder} PARENT_SCOPE)
endfunction()

# Halide's own CMake package wants CMake 3.28 and Python's development files; its library needs neither.
res_python_package(halide HALIDE_ROOT)
add_library(Halide::Halide SHARED IMPORTED)
set_target_properties(Halide::Halide PROPERTIES
  IMPORTED_LOCATION ${HALIDE_ROOT}/lib64/libHalide.so
  INTERFACE_INCLUDE_DIRECTORIES ${HALIDE_ROOT}/include)

res_python_package(onnx ONNX_ROOT)
set(ONNX_PROTO ${ONNX_ROOT}/onnx-ml.proto)
