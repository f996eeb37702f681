//===- Assets.h - the files of the page, built in ---------------*- C++ -*-===//

#ifndef RES_COMPILER_TOOLS_INSPECT_PAGE_ASSETS_H
#define RES_COMPILER_TOOLS_INSPECT_PAGE_ASSETS_H

namespace res {

extern const char pageFrame[];  // page.html
extern const char pageStyle[];  // page.css
extern const char pageScript[]; // the .js files, joined

} // namespace res

#endif
