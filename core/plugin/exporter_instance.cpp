#include "plugin/creation.hpp"
#include "plugin/registry.hpp"
#include "plugin/services.hpp"

namespace csiem::plugin {

struct ExporterInstance::Impl {
  const Component& component;
  ExporterHost& host;
  CallSlot* slot;
  csiem_instance& record;
  void* self = nullptr;
  bool abandoned = false;

  // One call into the plugin. An exception becomes a strike, and the answer false.
  template <class F>
  bool call(const char* name, F&& f) {
    std::string thrown;
    slot->enter(&record.name, name);
    const bool returned = contained(std::forward<F>(f), &thrown);
    slot->leave();
    if (!returned) host.strike({"threw " + thrown + " out of " + name});
    return returned;
  }
  template <class F>
  csiem_status status_of(const char* name, std::string* text, F&& f) {
    csiem_error error{};
    csiem_status status = CSIEM_E_INTERNAL;
    if (!call(name, [&] { status = f(&error); })) {
      if (text != nullptr) *text = std::string("threw out of ") + name;
      return CSIEM_E_INTERNAL;
    }
    if (status != CSIEM_OK && text != nullptr) *text = error_text(error, status);
    return status;
  }
};

ExporterInstance::ExporterInstance(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ExporterInstance>> ExporterInstance::create(const Component& component, ExporterHost& host,
                                                                   CallSlot& slot, std::string name,
                                                                   std::string config_json,
                                                                   std::vector<std::string>* problems) {
  csiem_instance& record = csiem_instance::make(std::move(name), component.name, &host);
  auto impl = std::unique_ptr<Impl>(new Impl{component, host, &slot, record});
  CS_TRY(self, create_object(component.exporter.create, exporter_services(), record, slot, config_json, problems));
  impl->self = self;
  return std::unique_ptr<ExporterInstance>(new ExporterInstance(std::move(impl)));
}

ExporterInstance::~ExporterInstance() {
  if (impl_->abandoned) return;
  std::string thrown;
  impl_->slot->enter(&impl_->record.name, "destroy");
  const bool returned = contained([&] { impl_->component.exporter.destroy(impl_->self); }, &thrown);
  // A thread that the plugin forgot to join may still be on its way through a service.
  impl_->record.gate.close();
  impl_->record.gate.drain();
  impl_->slot->leave();
  if (!returned) impl_->host.strike({"threw " + thrown + " out of destroy"});
}

const Component& ExporterInstance::component() const { return impl_->component; }
void ExporterInstance::use_slot(CallSlot& slot) { impl_->slot = &slot; }

csiem_status ExporterInstance::submit(const csiem_batch& batch, uint64_t token, std::string* error) {
  return impl_->status_of("submit", error, [&](csiem_error* err) {
    return impl_->component.exporter.submit(impl_->self, &batch, token, err);
  });
}

void ExporterInstance::cancel(uint64_t token) {
  impl_->call("cancel", [&] { impl_->component.exporter.cancel(impl_->self, token); });
}

bool ExporterInstance::has_health() const { return impl_->component.exporter.health != nullptr; }

csiem_status ExporterInstance::health(uint64_t token, std::string* error) {
  if (!has_health()) return CSIEM_E_UNSUPPORTED;
  return impl_->status_of("health", error,
                          [&](csiem_error* err) { return impl_->component.exporter.health(impl_->self, token, err); });
}

void ExporterInstance::http_done(csiem_http_done done, void* user, const csiem_http_response& response) {
  impl_->call("http done", [&] { done(user, &response); });
}

void ExporterInstance::task(csiem_task work, void* user) {
  impl_->call("task", [&] { work(user); });
}

void ExporterInstance::abandon() {
  impl_->abandoned = true;
  impl_->record.gate.close();
}

}  // namespace csiem::plugin
