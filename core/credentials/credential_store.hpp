// Secrets by name: providers, references, rotation. No value ever leaves except through Secret::use.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace csiem::credentials {

// One secret value; wiped when the last holder lets go. Cannot be printed or compared by accident.
class Secret {
 public:
  static std::shared_ptr<const Secret> make(std::string_view value);
  ~Secret();
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  // The one way to the bytes. The view dies with the call.
  template <class F>
  auto use(F&& f) const {
    return std::forward<F>(f)(std::string_view(bytes_.data(), bytes_.size()));
  }
  std::size_t size() const noexcept { return bytes_.size(); }

 private:
  Secret() = default;
  std::vector<char> bytes_;
};
using SecretRef = std::shared_ptr<const Secret>;

// "cred:[PROVIDER/]NAME[#FIELD]", taken apart.
struct Reference {
  std::string provider;  // empty: the default provider
  std::string name;
  std::string field;
  std::string text() const;  // canonical spelling without "cred:", the key under which a credential is known
};
bool is_reference(std::string_view text);
Result<Reference> parse_reference(std::string_view text);

// Where values come from. Blocking; called from the control thread only.
class Provider {
 public:
  virtual ~Provider() = default;
  virtual Result<SecretRef> fetch(const Reference& reference) = 0;
  virtual bool can_refresh() const = 0;
};

struct EnvSettings {
  std::string prefix;
};
struct FileSettings {
  std::string directory;  // empty: $CREDENTIALS_DIRECTORY, else /etc/clawdstrike-siem/secrets.d
  bool trim = true;
  bool trust_mount = false;
};
std::unique_ptr<Provider> make_env_provider(EnvSettings settings);
std::unique_ptr<Provider> make_file_provider(FileSettings settings);

// Every credential that the configuration names, each fetched once and shared. Values are read from any thread;
// resolve() and refresh() run on the control thread, which is where providers may block.
class CredentialStore {
 public:
  struct Settings {
    std::string default_provider = "env";
    int64_t refresh_interval_ms = 300'000;  // 0: never
    int64_t forced_refresh_spacing_ms = 30'000;
    EnvSettings env;
    FileSettings file;
  };
  CredentialStore(Settings settings, const Clock& clock);
  ~CredentialStore();

  // Makes `reference` known; nothing is fetched yet. Returns the key for get(). Any thread.
  std::string add(const Reference& reference);
  // Makes a literal known under a key of its own.
  std::string add_literal(std::string_view owner, std::string_view value);

  // The current value, or null while it is not resolved. Any thread, never blocks on a provider.
  SecretRef get(std::string_view key) const;
  // Grows when the value of `key` changes; 0 while unresolved. Any thread.
  uint64_t generation(std::string_view key) const;
  // Grows when any value changes. Any thread.
  uint64_t changes() const;

  // Fetches what is not resolved and what is due. Returns one error per credential that could not be fetched, keyed by
  // credential. Control thread.
  std::map<std::string, Error> resolve();
  // Fetches `key` again at once, at most once per forced_refresh_spacing; true when the value changed. Control thread.
  Result<bool> refresh(std::string_view key);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace csiem::credentials
