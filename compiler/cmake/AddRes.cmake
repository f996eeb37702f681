# One helper for each kind of target. All are compiled as LLVM is: without run-time type information.

# res_add_library(Name source… [DEPENDS target…])
function(res_add_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# res_add_tool(name FOLDER bin|libexec source… [LIBS library…])
function(res_add_tool name)
  cmake_parse_arguments(ARG "" "FOLDER" "LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${ARG_FOLDER})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS})
endfunction()
