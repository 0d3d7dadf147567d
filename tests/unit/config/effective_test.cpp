// `config show --origin`.
#include <doctest/doctest.h>

#include <map>

#include "support.hpp"

using namespace csiem::config;
using namespace csiem::config::test;

TEST_CASE("every effective key is there with its value and origin, secrets elided") {
  const auto loaded = load_text(R"(version = "1"
[exporter_defaults]
batch_size = 7
[exporters.splunk]
hec_url = "https://h"
hec_token = "literal"
[[exporters.splunk.routes]]
when = 'true'
set = { hec_token = "cred:OTHER" }
[exporters.file]
path = "/a"
batch_size = 9
)");
  std::map<std::string, Loaded::Effective> rows;
  for (const auto& row : loaded.effective) {
    CHECK(rows.count(row.key) == 0);
    rows[row.key] = row;
  }
  CHECK(rows.at("exporters.splunk.hec_token").value == "\"…\"");
  CHECK(rows.at("exporters.splunk.routes[0].set.hec_token").value == "\"cred:OTHER\"");
  CHECK(rows.at("exporters.splunk.hec_url").origin.text() == "main.toml:5:11");
  CHECK(rows.at("exporters.splunk.batch_size").value == "7");
  CHECK(rows.at("exporters.splunk.batch_size").origin.text() == "main.toml:3:14");
  CHECK(rows.at("exporters.splunk.batch_max_bytes").value == "1000000");
  CHECK(rows.at("exporters.splunk.batch_max_bytes").origin.text() == "plugin 'splunk'");
  CHECK(rows.at("exporters.splunk.batch_max_bytes").is_default);
  CHECK(rows.at("exporters.file.batch_size").value == "9");
  CHECK(rows.at("exporters.file.batch_max_bytes").value == "\"1MiB\"");
  CHECK(rows.at("exporters.file.sync").value == "\"interval\"");
  CHECK(rows.at("exporters.file.sync").is_default);
  CHECK(rows.at("global.data_dir").is_default);
  CHECK(rows.at("global.data_dir").origin.text() == "default");
  CHECK_FALSE(rows.at("version").is_default);
}
