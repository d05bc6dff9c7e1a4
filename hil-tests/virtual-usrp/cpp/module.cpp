// The SoapySDR module: driver key "virtual_usrp", device argument "socket=PATH" (or VIRTUAL_USRP_SOCKET).
#include "module_device.hpp"
#include <SoapySDR/Registry.hpp>
#include <cstdlib>

static std::string socket_of(const SoapySDR::Kwargs &args) {
    auto named = args.find("socket");
    if (named != args.end()) return named->second;
    const char *from_environment = std::getenv("VIRTUAL_USRP_SOCKET");
    return from_environment ? from_environment : "";
}

static SoapySDR::KwargsList find(const SoapySDR::Kwargs &args) {
    std::string socket = socket_of(args), serial;
    if (socket.empty() || !Link::probe(socket, serial)) return {};
    auto wanted = args.find("serial");
    if (wanted != args.end() && wanted->second != serial) return {};
    return {{{"label", "USRP 2944R (virtual) " + serial}, {"product", "X310"}, {"type", "x300"}, {"serial", serial}, {"socket", socket}}};
}

static SoapySDR::Device *make(const SoapySDR::Kwargs &args) {
    std::string socket = socket_of(args);
    if (socket.empty()) throw std::runtime_error("virtual_usrp: no socket: give socket=PATH or set VIRTUAL_USRP_SOCKET");
    return new VirtualUsrp(socket, args);
}

static SoapySDR::Registry registration("virtual_usrp", &find, &make, SOAPY_SDR_ABI_VERSION);
