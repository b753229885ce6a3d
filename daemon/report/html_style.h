// The page's own style: no font, image or script comes from anywhere. Every colour is a variable, once for light and
// once for dark; text keeps a contrast of 4.5 to its ground, shapes one of 3 (tests/scenario/report_page_test.py
// measures).
#pragma once

#include <string_view>

namespace tegodrop {

std::string_view ReportStyle();

}  // namespace tegodrop
