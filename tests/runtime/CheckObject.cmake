# Checks a merged runtime object: what it leaves undefined is in the allow-list, and what it defines is hidden. Run with
# cmake -DNM=llvm-nm -DREADELF=llvm-readelf -DOBJECT=file -P CheckObject.cmake
set(allowed aligned_alloc clock_gettime close free memcpy memmove memset open pthread_create pthread_join read
    sched_getaffinity syscall)
execute_process(COMMAND ${NM} --undefined-only --format=just-symbols ${OBJECT} OUTPUT_VARIABLE undefined
  COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" undefined "${undefined}")
list(REMOVE_ITEM undefined ${allowed})
if(undefined)
  message(FATAL_ERROR "${OBJECT} refers to names outside the allow-list: ${undefined}")
endif()

execute_process(COMMAND ${READELF} --symbols --wide ${OBJECT} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]*(GLOBAL|WEAK)[^\n]*" symbols "${symbols}")
foreach(symbol ${symbols})
  if(NOT symbol MATCHES "HIDDEN|UND")
    message(FATAL_ERROR "${OBJECT} exports: ${symbol}")
  endif()
endforeach()
list(LENGTH symbols count)
if(count LESS 10)
  message(FATAL_ERROR "${OBJECT} has only ${count} global symbols")
endif()
