/* Defaults of the sanitizers, which $ASAN_OPTIONS and $UBSAN_OPTIONS override. Exit code 99 is none of resc's.
 *
 * MLIR, LLVM, protobuf and Halide are not instrumented. They share arenas and containers with code of ours, inlined
 * from their headers, that marks free parts of those as forbidden while they do not, so such marks mean nothing here.
 * LLVM sets an alternate signal stack of its own in threads where the sanitizer would take its own away again.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

__attribute__((used, visibility("default"))) const char *__asan_default_options(void) {
  return "allow_user_poisoning=0:detect_container_overflow=0:detect_odr_violation=0:exitcode=99:"
         "use_sigaltstack=0:allocator_may_return_null=1"; // what malloc does where there is not enough memory
}

__attribute__((used, visibility("default"))) const char *__ubsan_default_options(void) {
  return "print_stacktrace=1:exitcode=99";
}
