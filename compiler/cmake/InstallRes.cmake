# What `cmake --install` copies. The tree can be moved: resc finds ../libexec/resc-compiler from its own place, and that
# finds Halide's library by $ORIGIN. LLVM and MLIR stay where Debian has them.
include(CMakePackageConfigHelpers)

# Halide comes in a wheel. Its library goes into a folder of resc's own, because Debian has another of the same name.
set_property(TARGET res-opt PROPERTY INSTALL_RPATH ${LLVM_LIBRARY_DIR})
set_property(TARGET resc-compiler PROPERTY INSTALL_RPATH "$ORIGIN/../lib/resc;${LLVM_LIBRARY_DIR}")
install(TARGETS resc res-opt DESTINATION bin)
install(TARGETS resc-compiler DESTINATION libexec)
install(PROGRAMS $<TARGET_FILE:Halide::Halide> DESTINATION lib/resc)

# find_package(resc). The package holds programs and a header, so it serves projects for any processor.
set(package ${CMAKE_BINARY_DIR}/cmake)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/resc-config.cmake.in ${package}/resc-config.cmake
  INSTALL_DESTINATION lib/cmake/resc)
write_basic_package_version_file(${package}/resc-config-version.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${package}/resc-config.cmake ${package}/resc-config-version.cmake
  ${CMAKE_CURRENT_LIST_DIR}/ResAddModel.cmake DESTINATION lib/cmake/resc)

install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION share/doc/resc)
file(GLOB halide_licence ${HALIDE_ROOT}/../halide-*.dist-info/licenses/LICENSE*)
install(FILES ${halide_licence} DESTINATION share/doc/resc RENAME LICENSE.Halide)
# Linked into resc statically, from Debian's packages, which bring the terms. (resc is based in part on the work of the
# Independent JPEG Group.)
foreach(library libjpeg62-turbo libminizip libpng zlib1g)
  install(FILES /usr/share/doc/${library}-dev/copyright DESTINATION share/doc/resc RENAME LICENSE.${library})
endforeach()
