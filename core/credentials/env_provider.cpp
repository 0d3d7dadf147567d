#include <string.h>

#include <cstdlib>
#include <map>
#include <mutex>

#include "credentials/credential_store.hpp"
#include "credentials/secret_bytes.hpp"

namespace csiem::credentials {
namespace {

// What was taken out of the environment. The environment belongs to the process, so what replaces it does too: a
// second store, made by a reload, finds the values that the first has taken.
class TakenVariables {
 public:
  // Null when the variable is unset or empty. A value that was set again since counts as new.
  SecretRef take(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (char* const value = std::getenv(name.c_str()); value != nullptr) {
      if (*value != '\0') taken_[name] = make_masked(value);
      // In place: /proc/<pid>/environ shows the block that the process was started with.
      explicit_bzero(value, strlen(value));
      ::unsetenv(name.c_str());
    }
    const auto found = taken_.find(name);
    return found == taken_.end() ? nullptr : found->second;
  }

 private:
  std::mutex mutex_;  // guards taken_ and our changes of the environment
  std::map<std::string, SecretRef> taken_;
};

TakenVariables& taken_variables() {
  static TakenVariables* const taken = new TakenVariables;  // outlives threads that were lost to a stuck plugin
  return *taken;
}

class EnvProvider final : public Provider {
 public:
  explicit EnvProvider(EnvSettings settings) : settings_(std::move(settings)) {}

  Result<SecretRef> fetch(const Reference& reference) override {
    if (!reference.field.empty())
      return Error{Code::invalid, "the env provider has no fields: leave out '#" + reference.field + "'", 2001};
    const std::string variable = settings_.prefix + reference.name;
    if (SecretRef value = taken_variables().take(variable)) return value;
    return Error{Code::not_found, "environment variable " + variable + " is not set or empty", 2001};
  }

  bool can_refresh() const override { return false; }

 private:
  EnvSettings settings_;
};

}  // namespace

std::unique_ptr<Provider> make_env_provider(EnvSettings settings) {
  return std::make_unique<EnvProvider>(std::move(settings));
}

}  // namespace csiem::credentials
