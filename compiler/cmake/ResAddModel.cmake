# resc_add_model(name
#   MODEL file.onnx                        the model, relative to the current source folder; .mlir of resc is taken too
#   [TARGET host|x86-64-v3|x86-64-v4|aarch64]  instruction set, or several with commas; host, the default, is the machine that builds
#   [MATH strict|fast]
#   [BATCH n]                              what a symbolic first dimension of inputs stands for
#   [INPUT_SHAPE input=1x3x224x224...]     whole shapes of inputs
#   [DEPENDS file...])                     what the model reads besides itself: external data
#
# Adds the shared library `name`, which the build compiles from the model. What links to it can include the generated
# header, file.h, and res/runtime.h. A program that loads it at run time instead takes $<TARGET_FILE:name> and
# add_dependencies(program name).
function(resc_add_model name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "MODEL;TARGET;MATH;BATCH" "INPUT_SHAPE;DEPENDS")
  _resc_check_arguments()
  _resc_find_file(model ${ARG_MODEL})
  set(depends)
  foreach(file IN LISTS ARG_DEPENDS)
    _resc_find_file(file ${file})
    list(APPEND depends ${file})
  endforeach()

  set(options)
  foreach(option TARGET MATH BATCH)
    if(DEFINED ARG_${option})
      string(TOLOWER ${option} flag)
      list(APPEND options --${flag}=${ARG_${option}})
    endif()
  endforeach()
  foreach(shape IN LISTS ARG_INPUT_SHAPE)
    list(APPEND options --input-shape=${shape})
  endforeach()

  # The compiler names the header after the library it writes. The library then takes the name that a linker looks for.
  get_property(prefix GLOBAL PROPERTY RESC_PREFIX)
  get_filename_component(stem ${model} NAME_WLE)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${name}.resc)
  set(library ${folder}/lib${name}.so)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${library} ${folder}/${stem}.h
    COMMAND ${prefix}/bin/resc compile ${model} ${options} -o ${folder}/${stem}.so
    COMMAND ${CMAKE_COMMAND} -E rename ${folder}/${stem}.so ${library}
    DEPENDS ${model} ${depends} ${prefix}/bin/resc ${prefix}/libexec/resc-compiler
    COMMENT "Compiling the model ${ARG_MODEL}"
    VERBATIM)
  add_custom_target(${name}.resc DEPENDS ${library} ${folder}/${stem}.h)

  # The library has no soname, so a program would record its path: IMPORTED_NO_SONAME has it record the name alone.
  add_library(${name} SHARED IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES
    IMPORTED_LOCATION ${library}
    IMPORTED_NO_SONAME TRUE
    INTERFACE_INCLUDE_DIRECTORIES "${folder};${prefix}/include")
  add_dependencies(${name} ${name}.resc)
endfunction()

# Stops with a message about the call; to be used within resc_add_model.
macro(_resc_fail text)
  message(FATAL_ERROR "resc_add_model(${name}): ${text}")
endmacro()

# Sees the arguments of resc_add_model as its caller's variables.
function(_resc_check_arguments)
  if(name MATCHES "^(MODEL|TARGET|MATH|BATCH|INPUT_SHAPE|DEPENDS)$")
    _resc_fail("expected the name of the library first, got '${name}'")
  elseif(NOT name MATCHES "^[A-Za-z0-9_.+-]+$")
    _resc_fail("expected a name of letters, digits and _.+-")
  elseif(TARGET ${name})
    _resc_fail("a target of this name exists already")
  elseif(DEFINED ARG_UNPARSED_ARGUMENTS)
    _resc_fail("expected MODEL, TARGET, MATH, BATCH, INPUT_SHAPE or DEPENDS, got '${ARG_UNPARSED_ARGUMENTS}'")
  elseif(DEFINED ARG_KEYWORDS_MISSING_VALUES)
    _resc_fail("expected a value after ${ARG_KEYWORDS_MISSING_VALUES}")
  elseif(NOT DEFINED ARG_MODEL)
    _resc_fail("expected MODEL file.onnx")
  elseif(NOT ARG_MODEL MATCHES "\\.(onnx|mlir)$")
    _resc_fail("expected a MODEL that ends in .onnx or .mlir, got '${ARG_MODEL}'")
  elseif(DEFINED ARG_TARGET AND NOT ",${ARG_TARGET}" MATCHES "^(,(host|x86-64-v3|x86-64-v4|aarch64))+$")
    _resc_fail("expected TARGET host, x86-64-v3, x86-64-v4 or aarch64, got '${ARG_TARGET}'")
  elseif(DEFINED ARG_MATH AND NOT ARG_MATH MATCHES "^(strict|fast)$")
    _resc_fail("expected MATH strict or fast, got '${ARG_MATH}'")
  elseif(DEFINED ARG_BATCH AND NOT ARG_BATCH MATCHES "^[1-9][0-9]*$")
    _resc_fail("expected a BATCH of at least 1, got '${ARG_BATCH}'")
  endif()
  foreach(shape IN LISTS ARG_INPUT_SHAPE)
    if(NOT shape MATCHES "^.+=[1-9][0-9]*(x[1-9][0-9]*)*$")
      _resc_fail("expected INPUT_SHAPE input=1x3x224x224, got '${shape}'")
    endif()
  endforeach()
endfunction()

# Sets `result` to the absolute path of a file that exists, or that the build makes.
function(_resc_find_file result file)
  get_filename_component(path ${file} ABSOLUTE)
  get_source_file_property(generated ${path} GENERATED)
  if(NOT generated AND (NOT EXISTS ${path} OR IS_DIRECTORY ${path}))
    _resc_fail("expected a file '${file}', found none at ${path}")
  endif()
  set(${result} ${path} PARENT_SCOPE)
endfunction()
