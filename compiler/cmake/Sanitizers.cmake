# RES_SANITIZE: sanitizers, comma-separated, that everything of ours is built with (presets asan, ubsan, fuzz; clang).
# The runtime inside compiled models stays as it is; tests/runtime links the runtime directly.
set(RES_SANITIZE "" CACHE STRING "such as address or undefined")
if(RES_SANITIZE)
  # Without run-time type information there are no dynamic types to check.
  add_compile_options(-fsanitize=${RES_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${RES_SANITIZE})
  # In every executable, so that each can be run by hand.
  add_library(ResSanitizerOptions OBJECT ${CMAKE_SOURCE_DIR}/tests/support/SanitizerOptions.c)
  link_libraries($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:$<TARGET_OBJECTS:ResSanitizerOptions>>)
endif()
