#include <doctest/doctest.h>

#include "support.hpp"

using namespace csiem::config;
using namespace csiem::config::test;

TEST_CASE("the complete example loads but for what cannot run in this version") {
  const auto loaded = load_file(CSIEM_TEST_DATA "/complete.toml");
  std::string codes;
  for (const auto& d : loaded.diagnostics) MESSAGE(render(d, loaded.texts, false));
}
