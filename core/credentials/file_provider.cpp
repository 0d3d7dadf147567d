#include <cstdlib>

#include "credentials/credential_store.hpp"
#include "credentials/json_field.hpp"
#include "credentials/secret_file.hpp"

namespace csiem::credentials {
namespace {

std::string default_directory() {
  const char* const given = std::getenv("CREDENTIALS_DIRECTORY");  // systemd's LoadCredential=
  return given != nullptr && *given != '\0' ? given : "/etc/clawdstrike-siem/secrets.d";
}

// One line break at the end is what editors and echo leave there.
std::string_view without_line_break(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

class FileProvider final : public Provider {
 public:
  explicit FileProvider(FileSettings settings) : settings_(std::move(settings)) {
    if (settings_.directory.empty()) settings_.directory = default_directory();
  }

  Result<SecretRef> fetch(const Reference& reference) override {
    CS_TRY(bytes, read_secret_file(settings_.directory, reference.name, settings_.trust_mount));
    const std::string path = settings_.directory + '/' + reference.name;
    if (!reference.field.empty()) {
      auto value = json_field(bytes.view(), reference.field);
      if (!value) return std::move(value).error().in(path);
      return value;
    }
    const std::string_view text = settings_.trim ? without_line_break(bytes.view()) : bytes.view();
    if (text.empty()) return Error{Code::not_found, path + ": the file is empty", 2001};
    return make_masked(text);
  }

  bool can_refresh() const override { return true; }

 private:
  FileSettings settings_;
};

}  // namespace

std::unique_ptr<Provider> make_file_provider(FileSettings settings) {
  return std::make_unique<FileProvider>(std::move(settings));
}

}  // namespace csiem::credentials
