#include "cli/open_store.hpp"

#include <cstdio>
#include <utility>

#include "base/clock.hpp"
#include "base/rfc3339.hpp"
#include "cli/terminal.hpp"

namespace csiem::cli {
namespace {

using store::Inspector;

int status_of(const Error& error) {
  if (error.code() == Code::denied && error.message_code() != 5003) return kNotPermitted;
  return error.message_code() != 0 ? kIo : kNo;
}

}  // namespace

int store_failure(const Error& error) {
  print_error(error);
  return status_of(error);
}

std::optional<OpenedStore> open_store(const Arguments& arguments, Inspector::Access access, int& status) {
  Setup setup = load_setup(arguments.global, {.check_plugins = false});
  if (!setup.loaded.ok()) {
    print_diagnostics(setup.loaded, arguments.global);
    status = kConfig;
    return std::nullopt;
  }
  auto inspector = Inspector::open(setup.loaded.configuration.global.data_dir, access);
  if (!inspector) {
    if (inspector.error().code() == Code::not_found) {
      if (!arguments.global.quiet) std::fprintf(stderr, "%s\n", inspector.error().what().c_str());
      status = kOk;
    } else {
      status = store_failure(inspector.error());
    }
    return std::nullopt;
  }
  return OpenedStore{std::move(setup.loaded.configuration), *std::move(inspector)};
}

std::string ago(int64_t unix_ns, const GlobalArguments& global) {
  if (unix_ns == 0) return "-";
  if (global.plain || !is_terminal(1)) return format_rfc3339(unix_ns);
  return duration_text((system_clock().unix_ns() - unix_ns) / kNsPerMs) + " ago";
}

}  // namespace csiem::cli
