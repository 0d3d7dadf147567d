// A directory for secrets that is gone afterwards.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "credentials/credential_store.hpp"

namespace csiem::credentials::test {

inline std::string text_of(const SecretRef& secret) {
  return secret ? secret->use([](std::string_view v) { return std::string(v); }) : "<null>";
}

inline Reference ref(const std::string& text) {
  auto parsed = parse_reference("cred:" + text);
  REQUIRE(parsed);
  return *std::move(parsed);
}

struct SecretsDirectory {
  SecretsDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "csiem-secrets-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    outer = pattern;
    path = pattern + "/secrets.d";
    ::mkdir(path.c_str(), 0700);
  }
  ~SecretsDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(outer, ignored);
  }
  SecretsDirectory(const SecretsDirectory&) = delete;
  SecretsDirectory& operator=(const SecretsDirectory&) = delete;

  std::string write(const std::string& name, const std::string& content, mode_t mode = 0600) const {
    const std::string file = path + '/' + name;
    std::ofstream(file, std::ios::binary) << content;
    ::chmod(file.c_str(), mode);
    return file;
  }
  FileSettings settings() const { return {path, true, false}; }

  std::string outer, path;
};

}  // namespace csiem::credentials::test
