#include <algorithm>
#include <limits>
#include <optional>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "credentials/credential_store.hpp"
#include "credentials/secret_bytes.hpp"

namespace csiem::credentials {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int64_t kFirstRetryMs = 1'000;
constexpr int64_t kLastRetryMs = 300'000;

// In a time that does not depend on where the two differ.
bool equal(const Secret& a, const Secret& b) {
  return a.use([&b](std::string_view x) {
    return b.use([x](std::string_view y) {
      if (x.size() != y.size()) return false;
      unsigned char difference = 0;
      for (std::size_t i = 0; i < x.size(); ++i) difference |= static_cast<unsigned char>(x[i] ^ y[i]);
      return difference == 0;
    });
  });
}

struct Credential {
  std::optional<Reference> reference;  // none: a literal
  SecretRef value;
  uint64_t generation = 0;
  int64_t due_ns = 0;
  int64_t forced_ns = 0;  // when it was last fetched on demand
  bool was_forced = false;
  unsigned failures = 0;  // in a row
};

}  // namespace

struct CredentialStore::Impl {
  Impl(Settings s, const Clock& c) : settings(std::move(s)), clock(c) {
    providers["env"] = make_env_provider(settings.env);
    providers["file"] = make_file_provider(settings.file);
  }

  Result<Provider*> provider_of(const Reference& reference) const {
    const std::string& name = reference.provider.empty() ? settings.default_provider : reference.provider;
    if (const auto found = providers.find(name); found != providers.end()) return found->second.get();
    return Error{Code::unsupported, "provider '" + name + "' is not part of this version", 2002};
  }

  int64_t spread(int64_t ms) {  // +-10 %, so that a fleet does not ask at once
    const auto tenth = static_cast<uint64_t>(ms / 10);
    return ms - static_cast<int64_t>(tenth) + static_cast<int64_t>(random.below(2 * tenth + 1));
  }

  int64_t next_refresh_ns(const Provider& provider) {
    if (settings.refresh_interval_ms <= 0 || !provider.can_refresh()) return kNever;
    return clock.mono_ns() + spread(settings.refresh_interval_ms) * kNsPerMs;
  }

  int64_t next_retry_ns(unsigned failures) {
    int64_t limit_ms = kFirstRetryMs << std::min(failures, 9U);
    limit_ms = std::min({limit_ms, kLastRetryMs, std::max<int64_t>(settings.refresh_interval_ms, kFirstRetryMs)});
    return clock.mono_ns() + static_cast<int64_t>(random.below(static_cast<uint64_t>(limit_ms)) + 1) * kNsPerMs;
  }

  // Asks the provider for `key` and keeps the answer; true when the value changed. A failure leaves the last known
  // value in use. Called with fetching held, mutex free.
  Result<bool> fetch(const std::string& key, const Reference& reference) {
    CS_TRY(provider, provider_of(reference));
    auto fetched = provider->fetch(reference);
    const std::lock_guard lock(mutex);
    Credential& credential = credentials.find(key)->second;
    if (!fetched) {
      credential.due_ns = next_retry_ns(credential.failures++);
      return std::move(fetched).error();
    }
    credential.failures = 0;
    credential.due_ns = next_refresh_ns(*provider);
    if (credential.value && equal(*credential.value, **fetched)) return false;
    if (credential.value) log::info("credential changed", {{"credential", key}});
    credential.value = *std::move(fetched);
    ++credential.generation;
    return true;
  }

  Settings settings;
  const Clock& clock;
  std::map<std::string, std::unique_ptr<Provider>, std::less<>> providers;
  std::mutex fetching;  // one fetch at a time; guards the providers and `random`, taken before `mutex`
  SystemRandom random;
  mutable std::mutex mutex;                                    // guards credentials; never held over a provider
  std::map<std::string, Credential, std::less<>> credentials;  // grows only
};

CredentialStore::CredentialStore(Settings settings, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(settings), clock)) {}
CredentialStore::~CredentialStore() = default;

std::string CredentialStore::add(const Reference& reference) {
  std::string key = reference.text();
  const std::lock_guard lock(impl_->mutex);
  if (impl_->credentials.find(key) == impl_->credentials.end()) impl_->credentials[key].reference = reference;
  return key;
}

std::string CredentialStore::add_literal(std::string_view owner, std::string_view value) {
  std::string key = "literal:" + std::string(owner);
  SecretRef secret = value.empty() ? nullptr : make_masked(value);
  const std::lock_guard lock(impl_->mutex);
  Credential& credential = impl_->credentials[key];
  const bool same = secret && credential.value && equal(*secret, *credential.value);
  if (secret && !same) ++credential.generation;
  if (!same) credential.value = std::move(secret);
  return key;
}

SecretRef CredentialStore::get(std::string_view key) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->credentials.find(key);
  return found == impl_->credentials.end() ? nullptr : found->second.value;
}

uint64_t CredentialStore::generation(std::string_view key) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->credentials.find(key);
  return found == impl_->credentials.end() ? 0 : found->second.generation;
}

uint64_t CredentialStore::changes() const {
  const std::lock_guard lock(impl_->mutex);
  uint64_t sum = 0;
  for (const auto& [key, credential] : impl_->credentials) sum += credential.generation;
  return sum;
}

std::map<std::string, Error> CredentialStore::resolve() {
  const std::lock_guard one_at_a_time(impl_->fetching);
  std::vector<std::pair<std::string, Reference>> wanted;
  {
    const std::lock_guard lock(impl_->mutex);
    const int64_t now = impl_->clock.mono_ns();
    for (const auto& [key, credential] : impl_->credentials)
      if (credential.reference && (!credential.value || credential.due_ns <= now))
        wanted.emplace_back(key, *credential.reference);
  }
  std::map<std::string, Error> errors;
  for (const auto& [key, reference] : wanted)
    if (auto fetched = impl_->fetch(key, reference); !fetched) errors.emplace(key, std::move(fetched).error());
  return errors;
}

Result<bool> CredentialStore::refresh(std::string_view key) {
  const std::lock_guard one_at_a_time(impl_->fetching);
  std::optional<Reference> reference;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->credentials.find(key);
    if (found == impl_->credentials.end())
      return Error{Code::not_found, "no credential is known as '" + std::string(key) + "'", 2001};
    Credential& credential = found->second;
    reference = credential.reference;
    if (!reference) return false;
    const int64_t now = impl_->clock.mono_ns();
    const int64_t spacing_ns = impl_->settings.forced_refresh_spacing_ms * kNsPerMs;
    if (credential.was_forced && now - credential.forced_ns < spacing_ns) return false;
    credential.was_forced = true;
    credential.forced_ns = now;
  }
  return impl_->fetch(std::string(key), *reference);
}

}  // namespace csiem::credentials
