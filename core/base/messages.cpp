#include "base/messages.hpp"

namespace csiem::messages {
namespace {

constexpr Message kMessages[] = {
#define CS_MESSAGE(code, title, cause, confirm, fix, metrics) {code, title, cause, confirm, fix, metrics},
#include "base/messages.def"
#undef CS_MESSAGE
};

}  // namespace

std::span<const Message> all() { return kMessages; }

const Message* find(int code) {
  for (const auto& message : kMessages)
    if (message.code == code) return &message;
  return nullptr;
}

std::string code_text(int code) {
  const std::string digits = std::to_string(code);
  return "CS" + std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
}

}  // namespace csiem::messages
