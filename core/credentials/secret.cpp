#include <string.h>

#include "credentials/credential_store.hpp"

namespace csiem::credentials {

std::shared_ptr<const Secret> Secret::make(std::string_view value) {
  std::shared_ptr<Secret> secret(new Secret);
  secret->bytes_.assign(value.begin(), value.end());
  return secret;
}

Secret::~Secret() { explicit_bzero(bytes_.data(), bytes_.size()); }

}  // namespace csiem::credentials
