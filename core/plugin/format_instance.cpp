#include "plugin/creation.hpp"
#include "plugin/registry.hpp"
#include "plugin/services.hpp"

namespace csiem::plugin {

struct FormatInstance::Impl {
  const Component& component;
  CallSlot* slot;
  csiem_instance& record;
  void* self = nullptr;
};

FormatInstance::FormatInstance(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<FormatInstance>> FormatInstance::create(const Component& component, CallSlot& slot,
                                                               std::string config_json) {
  csiem_instance& record = csiem_instance::make(component.name, component.name, nullptr);
  auto impl = std::unique_ptr<Impl>(new Impl{component, &slot, record});
  CS_TRY(self, create_object(component.format.create, format_services(), record, slot, config_json));
  impl->self = self;
  return std::unique_ptr<FormatInstance>(new FormatInstance(std::move(impl)));
}

FormatInstance::~FormatInstance() {
  std::string thrown;
  impl_->slot->enter(&impl_->record.name, "destroy");
  (void)contained([&] { impl_->component.format.destroy(impl_->self); }, &thrown);
  impl_->record.gate.close();
  impl_->record.gate.drain();
  impl_->slot->leave();
}

const Component& FormatInstance::component() const { return impl_->component; }
void FormatInstance::use_slot(CallSlot& slot) { impl_->slot = &slot; }

Result<void> FormatInstance::encode(const csiem_event& event, csiem_writer& out) {
  const auto& format = impl_->component.format;
  csiem_error error;
  error.code = 0;
  error.len = 0;
  csiem_status status = CSIEM_E_INTERNAL;
  std::string thrown;
  impl_->slot->enter(&impl_->record.name, "encode");
  const bool returned = contained([&] { status = format.encode(impl_->self, &event, &out, &error); }, &thrown);
  impl_->slot->leave();
  if (returned && status == CSIEM_OK) return {};
  if (!returned) return Error{Code::internal, impl_->component.name + ": encode threw " + thrown, 3010};
  return Error{Code::invalid, impl_->component.name + ": " + error_text(error, status), 4033};
}

}  // namespace csiem::plugin
