#include <string.h>

#include "base/log.hpp"
#include "credentials/credential_store.hpp"
#include "credentials/secret_bytes.hpp"

namespace csiem::credentials {

std::shared_ptr<const Secret> Secret::make(std::string_view value) {
  std::shared_ptr<Secret> secret(new Secret);
  secret->bytes_.assign(value.begin(), value.end());
  return secret;
}

Secret::~Secret() {
  if (!bytes_.empty()) explicit_bzero(bytes_.data(), bytes_.size());
}

SecretRef make_masked(std::string_view value) {
  log::add_secret(value);
  return Secret::make(value);
}

}  // namespace csiem::credentials
