// clawdstrike-siem test: unit tests for the configuration, without network and with a fixed clock.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/expectations.hpp"
#include "cli/rehearsal.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "config/test_file.hpp"

namespace csiem::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".test.toml";

// `*.test.toml` directly in a directory, sorted by name.
std::vector<std::string> tests_in(const fs::path& directory) {
  std::vector<std::string> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored))
    if (entry.path().filename().string().ends_with(kSuffix)) out.push_back(entry.path().string());
  std::sort(out.begin(), out.end());
  return out;
}

// A name must not make lines of its own, which would read as results.
std::string one_line(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return name;
}

struct Outcome {
  const config::TestCase* test = nullptr;
  std::vector<Mismatch> mismatches;
};

class TestRun {
 public:
  explicit TestRun(const Arguments& arguments) : arguments_(arguments) {}

  int go() {
    setup_ = load_setup(arguments_.global, {});
    if (!print_diagnostics(setup_.loaded, arguments_.global)) return kConfig;
    const auto paths = find();
    if (paths.empty()) {
      std::fputs("clawdstrike-siem: no *.test.toml in tests/ beside the configuration, and none named\n", stderr);
      return kUsage;
    }
    if (const int status = read(paths); status != kOk) return status;
    if (const int status = run(); status != kOk) return status;
    return report();
  }

 private:
  std::vector<std::string> find() const {
    std::vector<std::string> out;
    if (arguments_.test.files.empty()) {
      std::set<fs::path> seen;
      for (const auto& file : setup_.loaded.configuration.files)
        if (const auto directory = fs::path(file).parent_path() / "tests"; seen.insert(directory).second)
          for (auto& path : tests_in(directory)) out.push_back(std::move(path));
      return out;
    }
    for (const auto& name : arguments_.test.files) {
      std::error_code ignored;
      if (!fs::is_directory(name, ignored)) {
        out.push_back(name);
        continue;
      }
      for (auto& path : tests_in(name)) out.push_back(std::move(path));
    }
    return out;
  }

  // Every file is read before the first test runs, so that all that is wrong is told at once.
  int read(const std::vector<std::string>& paths) {
    std::vector<std::string> exporters;
    for (const auto& exporter : setup_.loaded.configuration.exporters) exporters.push_back(exporter.id);
    config::Loaded found;
    for (const auto& path : paths) {
      files_.push_back(config::read_test_file(path, exporters));
      auto& file = files_.back();
      std::move(file.diagnostics.begin(), file.diagnostics.end(), std::back_inserter(found.diagnostics));
      found.texts.merge(file.texts);
    }
    return print_diagnostics(found, arguments_.global) ? kOk : kConfig;
  }

  int run() {
    Rehearsal rehearsal(setup_, config::kTestTimeUnixNs, host_name());
    if (rehearsal.lacks_key() && !arguments_.global.quiet)
      std::fputs("note: credentials are not read here; hashed fields show privacy.replacement\n", stderr);
    for (const auto& file : files_)
      for (const auto& test : file.cases) {
        outcomes_.push_back({&test, {}});
        if (const int status = run_one(rehearsal, test, outcomes_.back().mismatches); status != kOk) return status;
      }
    return kOk;
  }

  int run_one(Rehearsal& rehearsal, const config::TestCase& test, std::vector<Mismatch>& mismatches) {
    if (const auto taken = rehearsal.take(test.record, test.canonical); !taken) {
      mismatches.push_back({test.record_origin, {}, "event", {}, {}, taken.error().what() + "\n"});
      return kOk;
    }
    for (const auto& expectation : test.expectations) {
      const auto rehearsed = rehearsal.at(expectation.exporter);
      if (!rehearsed) {
        print_error(rehearsed.error());
        return kConfig;
      }
      check_expectation(expectation, *rehearsed, mismatches);
      if (arguments_.test.update) {
        const auto written = update_golden(expectation, *rehearsed);
        if (!written) {
          print_error(written.error());
          return kCannotCreate;
        }
        if (*written) ++updated_;
      }
      check_golden(expectation, *rehearsed, mismatches);
    }
    return kOk;
  }

  // The machine that the tests run on must not show in what they compare.
  std::string host_name() const {
    for (const auto& effective : setup_.loaded.effective)
      if (effective.key == "global.host_name" && !effective.is_default)
        return setup_.loaded.configuration.global.host_name;
    return "host.example";
  }

  int report() const {
    const auto failed = static_cast<std::size_t>(std::count_if(
        outcomes_.begin(), outcomes_.end(), [](const Outcome& outcome) { return !outcome.mismatches.empty(); }));
    if (arguments_.global.json)
      print_json(failed);
    else
      print_lines();
    if (!arguments_.global.quiet && !arguments_.global.json) {
      std::fprintf(stderr, "%zu passed, %zu failed", outcomes_.size() - failed, failed);
      if (arguments_.test.update) std::fprintf(stderr, ", %zu golden files written", updated_);
      std::fputs("\n", stderr);
    }
    if (std::fflush(stdout) != 0) return kIo;
    return failed == 0 ? kOk : kNo;
  }

  void print_lines() const {
    std::printf("1..%zu\n", outcomes_.size());
    std::size_t number = 0;
    for (const auto& outcome : outcomes_) {
      ++number;
      const bool ok = outcome.mismatches.empty();
      if (ok && arguments_.global.quiet) continue;
      std::printf("%s %zu - %s\n", ok ? "ok" : "not ok", number, one_line(outcome.test->name).c_str());
      for (const auto& mismatch : outcome.mismatches) print(mismatch);
    }
  }

  static void print(const Mismatch& mismatch) {
    const std::string who = mismatch.exporter.empty() ? "" : "exporter '" + mismatch.exporter + "': ";
    std::printf("#   %s: %s%s\n", mismatch.origin.text().c_str(), who.c_str(), mismatch.what.c_str());
    if (!mismatch.expected.empty())
      std::printf("#     expected  %s\n#     got       %s\n", mismatch.expected.c_str(), mismatch.got.c_str());
    for (std::size_t from = 0; from < mismatch.detail.size();) {
      const std::size_t feed = std::min(mismatch.detail.find('\n', from), mismatch.detail.size());
      std::printf("#     %s\n", mismatch.detail.substr(from, feed - from).c_str());
      from = feed + 1;
    }
  }

  void print_json(std::size_t failed) const {
    std::string text =
        "{\"schema\":\"clawdstrike-siem/test/v1\",\"passed\":" + std::to_string(outcomes_.size() - failed) +
        ",\"failed\":" + std::to_string(failed) + ",\"updated\":" + std::to_string(updated_) + ",\"tests\":[";
    const auto place = [](const config::Origin& origin) {
      return "\"file\":" + json_text(origin.file) + ",\"line\":" + std::to_string(origin.line) +
             ",\"column\":" + std::to_string(origin.column);
    };
    for (const auto& outcome : outcomes_) {
      if (text.back() == '}') text += ',';
      text += "{\"name\":" + json_text(outcome.test->name) + "," + place(outcome.test->origin);
      text += outcome.mismatches.empty() ? ",\"ok\":true,\"failures\":[" : ",\"ok\":false,\"failures\":[";
      for (const auto& mismatch : outcome.mismatches) {
        if (text.back() == '}') text += ',';
        text += "{" + place(mismatch.origin) + ",\"exporter\":" + json_text(mismatch.exporter) +
                ",\"what\":" + json_text(mismatch.what) + ",\"expected\":" + json_text(mismatch.expected) +
                ",\"got\":" + json_text(mismatch.got) + ",\"detail\":" + json_text(mismatch.detail) + "}";
      }
      text += "]}";
    }
    std::printf("%s]}\n", text.c_str());
  }

  const Arguments& arguments_;
  Setup setup_;
  std::vector<config::TestFile> files_;
  std::vector<Outcome> outcomes_;
  std::size_t updated_ = 0;
};

}  // namespace

int test(const Arguments& arguments) { return TestRun(arguments).go(); }

}  // namespace csiem::cli
