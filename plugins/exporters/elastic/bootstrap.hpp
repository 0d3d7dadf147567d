// Installs lifecycle, pipeline and templates before the first document. Decides what to ask next; sends nothing itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::elastic {

enum class Flavor { automatic, elasticsearch, serverless, opensearch };
Flavor flavor_of(std::string_view word) noexcept;

struct BootstrapOptions {
  std::string ilm_policy = "clawdstrike-security", index_template = "clawdstrike-security";
  int64_t shards = 1, replicas = 1, retention_days = 90;
  bool fail = false;  // what cannot be installed holds the exporter; else it is only said
};

// What documents are written to.
struct Layout {
  enum class Kind {
    data_streams,
    alias,  // a name for the index that is written to; the cluster rolls over from name-000001 to name-000002
    dated   // an index per day; none of them rolls over
  };
  Kind kind = Kind::data_streams;
  std::string name;     // of the alias
  std::string pattern;  // of the indices: "name-*"; empty for data streams, which have the template's

  // Of the setting `index`. Throws std::invalid_argument when its name depends on more than the day.
  static Layout of_index(std::string_view setting);
  // What tells its objects from those of others: the pattern without '*' and what stands before it.
  std::string stem() const;
};

// One object of the cluster.
struct Asset {
  std::string path;  // "/_index_template/clawdstrike-security"
  std::string body;
  bool optional = false;  // a flavour may know nothing of it
  std::string unless;     // a path: when something is there, this is not installed
};

// What this cluster gets, in the order in which each may refer to those before it. The bodies are the pack's, with what
// the flavour does not know taken out.
std::vector<Asset> assets(Flavor flavor, const BootstrapOptions& options, const Layout& layout = {});

// First GET /, then for each asset a look at what is there and, unless that is newer, a PUT. One thread.
class Bootstrap {
 public:
  Bootstrap(Flavor flavor, BootstrapOptions options, Layout layout = {})
      : flavor_(flavor), options_(std::move(options)), layout_(std::move(layout)) {}

  struct Request {
    std::string_view method, path, body;  // good until answered()
  };
  // What is to be asked now. Not when done().
  Request next() const;
  // True: go on with next(), or done(). False: `verdict` says why not; next() asks the same again.
  bool answered(const csiem_http_response& response, Verdict& verdict);

  bool done() const noexcept { return done_; }
  Flavor flavor() const noexcept { return flavor_; }
  // Paths that were left alone because what is there is newer, and complaints that do not stop anything.
  const std::vector<std::string>& newer() const noexcept { return newer_; }
  const std::vector<std::string>& problems() const noexcept { return problems_; }
  uint32_t installed() const noexcept { return installed_; }

 private:
  void read_root(std::string_view body);
  void advance();

  Flavor flavor_;
  BootstrapOptions options_;
  Layout layout_;
  std::vector<Asset> assets_;
  std::size_t at_ = 0;
  bool asked_root_ = false, looked_ = false, done_ = false;
  std::vector<std::string> newer_, problems_;
  uint32_t installed_ = 0;
};

}  // namespace csiem::elastic
