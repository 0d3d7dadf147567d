// [credentials] as the credential store wants it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.hpp"
#include "credentials/credential_store.hpp"

namespace csiem::pipeline {

inline credentials::CredentialStore::Settings credential_settings(const config::Credentials& from) {
  credentials::CredentialStore::Settings to;
  to.default_provider = from.provider;
  to.refresh_interval_ms = from.refresh_interval_ms;
  to.env.prefix = from.env_prefix;
  to.file.directory = from.file_dir;
  to.file.trim = from.file_trim;
  to.file.trust_mount = from.file_trust_mount;
  return to;
}

}  // namespace csiem::pipeline
