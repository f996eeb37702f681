// The runtime as relocatable objects inside the compiler, so that users need neither a compiler nor its sources.
#ifndef RES_RUNTIMEBLOB_H
#define RES_RUNTIMEBLOB_H

#include <string_view>

namespace res {

/// The bytes of the runtime's ELF object for `arch`, "x86_64" or "aarch64"; empty when it is neither. They live as long
/// as the process, aligned to 16 bytes.
std::string_view runtimeObject(std::string_view arch);

} // namespace res

#endif
