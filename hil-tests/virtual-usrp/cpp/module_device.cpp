// Settings: the box knows them, so every question goes there.
#include "module_device.hpp"
#include "settings.hpp"

static std::string text(double value) {
    char out[40];
    snprintf(out, sizeof out, "%.17g", value);
    return out;
}

static const char *side(const int direction) { return direction == SOAPY_SDR_TX ? "tx " : "rx "; }

VirtualUsrp::VirtualUsrp(const std::string &socket, const SoapySDR::Kwargs &args) : link_(new Link(socket)) {
    if (args.count("master_clock_rate")) ask("set master " + args.at("master_clock_rate"));
    if (args.count("clock_source")) setClockSource(args.at("clock_source"));
    if (args.count("time_source")) setTimeSource(args.at("time_source"));
}

SoapySDR::Kwargs VirtualUsrp::getHardwareInfo() const {
    SoapySDR::Kwargs info{{"mboard_id", "X310"}, {"mboard_serial", link_->serial()}, {"mboard_name", ""}, {"virtual", "true"}};
    for (const char *channel : {"0", "1"}) {
        for (const char *way : {"rx", "tx"}) {
            info[std::string(way) + channel + "_id"] = "UBX-160 v2";
            info[std::string(way) + channel + "_subdev_name"] = std::string("UBX ") + (way[0] == 'r' ? "RX" : "TX");
        }
    }
    return info;
}

size_t VirtualUsrp::getNumChannels(const int) const { return wire::CHANNELS; }

SoapySDR::Kwargs VirtualUsrp::getChannelInfo(const int direction, const size_t) const {
    std::string name = direction == SOAPY_SDR_TX ? "tx" : "rx";
    return {{"mboard_id", "X310"}, {"mboard_serial", link_->serial()}, {name + "_id", "UBX-160 v2"},
            {name + "_subdev_spec", getFrontendMapping(direction)}};
}

void VirtualUsrp::set(const int direction, const size_t channel, const std::string &what, double value) {
    std::string line = std::string("set ") + side(direction) + std::to_string(channel) + " " + what + " " + text(value);
    {
        std::lock_guard<std::mutex> hold(command_lock_);
        if (command_time_ns_ != 0) line += " at=" + std::to_string(command_time_ns_);
    }
    ask(line);
}

std::string VirtualUsrp::get(const int direction, const size_t channel, const std::string &what) const {
    return ask(std::string("get ") + side(direction) + std::to_string(channel) + " " + what);
}

std::vector<std::string> VirtualUsrp::listAntennas(const int direction, const size_t) const {
    return antennas(direction == SOAPY_SDR_TX ? "tx" : "rx");
}
void VirtualUsrp::setAntenna(const int direction, const size_t channel, const std::string &name) {
    ask(std::string("set ") + side(direction) + std::to_string(channel) + " antenna " + name);
}
std::string VirtualUsrp::getAntenna(const int direction, const size_t channel) const { return get(direction, channel, "antenna"); }

static void check_gain(const std::string &name) {
    if (name != "PGA0" && !name.empty()) throw std::runtime_error("virtual_usrp: no gain element " + name + " (PGA0)");
}
void VirtualUsrp::setGain(const int direction, const size_t channel, const double value) { set(direction, channel, "gain", value); }
void VirtualUsrp::setGain(const int direction, const size_t channel, const std::string &name, const double value) {
    check_gain(name);
    set(direction, channel, "gain", value);
}
double VirtualUsrp::getGain(const int direction, const size_t channel) const { return std::stod(get(direction, channel, "gain")); }
double VirtualUsrp::getGain(const int direction, const size_t channel, const std::string &name) const {
    check_gain(name);
    return getGain(direction, channel);
}
SoapySDR::Range VirtualUsrp::getGainRange(const int, const size_t) const { return {0, MAX_GAIN_DB, GAIN_STEP_DB}; }
SoapySDR::Range VirtualUsrp::getGainRange(const int direction, const size_t channel, const std::string &name) const {
    check_gain(name);
    return getGainRange(direction, channel);
}

void VirtualUsrp::setFrequency(const int direction, const size_t channel, const double frequency, const SoapySDR::Kwargs &args) {
    auto offset = args.find("OFFSET");
    set(direction, channel, "frequency", frequency);
    if (offset == args.end()) return;
    double by = std::stod(offset->second);
    set(direction, channel, "rf", frequency + by);
    set(direction, channel, "bb", -by);
}
void VirtualUsrp::setFrequency(const int direction, const size_t channel, const std::string &name, const double frequency,
                               const SoapySDR::Kwargs &) {
    if (name != "RF" && name != "BB") throw std::runtime_error("virtual_usrp: no frequency component " + name + " (RF, BB)");
    set(direction, channel, name == "RF" ? "rf" : "bb", frequency);
}
double VirtualUsrp::getFrequency(const int direction, const size_t channel) const {
    return std::stod(get(direction, channel, "frequency"));
}
double VirtualUsrp::getFrequency(const int direction, const size_t channel, const std::string &name) const {
    if (name != "RF" && name != "BB") throw std::runtime_error("virtual_usrp: no frequency component " + name + " (RF, BB)");
    return std::stod(get(direction, channel, name == "RF" ? "rf" : "bb"));
}
SoapySDR::RangeList VirtualUsrp::getFrequencyRange(const int, const size_t) const {
    return {SoapySDR::Range(MIN_FREQUENCY_HZ, MAX_FREQUENCY_HZ)};
}
SoapySDR::RangeList VirtualUsrp::getFrequencyRange(const int direction, const size_t channel, const std::string &name) const {
    double half = getMasterClockRate() / 2;
    return name == "BB" ? SoapySDR::RangeList{SoapySDR::Range(-half, half)} : getFrequencyRange(direction, channel);
}

void VirtualUsrp::setSampleRate(const int direction, const size_t channel, const double rate) { set(direction, channel, "rate", rate); }
double VirtualUsrp::getSampleRate(const int direction, const size_t channel) const { return std::stod(get(direction, channel, "rate")); }
std::vector<double> VirtualUsrp::listSampleRates(const int, const size_t) const {
    std::vector<double> rates;
    double master = getMasterClockRate();
    auto all = divisors();
    for (auto n = all.rbegin(); n != all.rend(); ++n) rates.push_back(master / *n);
    return rates;
}
SoapySDR::RangeList VirtualUsrp::getSampleRateRange(const int direction, const size_t channel) const {
    SoapySDR::RangeList ranges;
    for (double rate : listSampleRates(direction, channel)) ranges.push_back(SoapySDR::Range(rate, rate));
    return ranges;
}
void VirtualUsrp::setBandwidth(const int direction, const size_t channel, const double bandwidth) {
    set(direction, channel, "bandwidth", bandwidth);
}
double VirtualUsrp::getBandwidth(const int direction, const size_t channel) const {
    return std::stod(get(direction, channel, "bandwidth"));
}

void VirtualUsrp::setMasterClockRate(const double rate) { ask("set master " + text(rate)); }
double VirtualUsrp::getMasterClockRate() const { return number("get master"); }
SoapySDR::RangeList VirtualUsrp::getMasterClockRates() const { return {SoapySDR::Range(184.32e6, 184.32e6), SoapySDR::Range(200e6, 200e6)}; }
void VirtualUsrp::setClockSource(const std::string &source) { ask("set clock_source " + source); }
std::string VirtualUsrp::getClockSource() const { return ask("get clock_source"); }
void VirtualUsrp::setTimeSource(const std::string &source) { ask("set time_source " + source); }
std::string VirtualUsrp::getTimeSource() const { return ask("get time_source"); }

long long VirtualUsrp::getHardwareTime(const std::string &what) const { return std::stoll(ask(what == "PPS" ? "get pps" : "get time")); }
void VirtualUsrp::setHardwareTime(const long long time_ns, const std::string &what) {
    if (what == "CMD") {
        std::lock_guard<std::mutex> hold(command_lock_);
        command_time_ns_ = time_ns;
        return;
    }
    ask((what == "PPS" || what == "UNKNOWN_PPS" ? "set time_at_pps " : "set time ") + std::to_string(time_ns));
}

static SoapySDR::ArgInfo locked(const std::string &name) {
    SoapySDR::ArgInfo info;
    info.key = info.name = name;
    info.type = SoapySDR::ArgInfo::BOOL;
    return info;
}
static void check_sensor(const std::string &name, const char *known) {
    if (name != known) throw std::runtime_error("virtual_usrp: no sensor " + name + " (" + known + ")");
}
SoapySDR::ArgInfo VirtualUsrp::getSensorInfo(const std::string &name) const {
    check_sensor(name, "ref_locked");
    return locked(name);
}
std::string VirtualUsrp::readSensor(const std::string &name) const {
    check_sensor(name, "ref_locked");
    return ask("get ref_locked");
}
SoapySDR::ArgInfo VirtualUsrp::getSensorInfo(const int, const size_t, const std::string &name) const {
    check_sensor(name, "lo_locked");
    return locked(name);
}
std::string VirtualUsrp::readSensor(const int direction, const size_t channel, const std::string &name) const {
    check_sensor(name, "lo_locked");
    return get(direction, channel, "lo_locked");
}

// Whether the reference and the PPS go to their output connectors: the settings that SoapyUHD has for a whole device.
static const char *const OUTPUTS[] = {"clock_source_out", "time_source_out"};
static void check_setting(const std::string &key) {
    for (const char *known : OUTPUTS)
        if (key == known) return;
    throw std::runtime_error("virtual_usrp: no setting " + key + " (clock_source_out, time_source_out)");
}
SoapySDR::ArgInfoList VirtualUsrp::getSettingInfo() const {
    SoapySDR::ArgInfoList all;
    for (const char *key : OUTPUTS) {
        all.push_back(locked(key));
        all.back().value = "true";
    }
    return all;
}
void VirtualUsrp::writeSetting(const std::string &key, const std::string &value) {
    check_setting(key);
    ask("set " + key + " " + (SoapySDR::StringToSetting<bool>(value) ? "true" : "false"));
}
std::string VirtualUsrp::readSetting(const std::string &key) const {
    check_setting(key);
    return ask("get " + key);
}

// "FP0" writes the outputs, "FP0:ATTRIBUTE" (DDR, CTRL, ATR_TX ...) an attribute, as SoapyUHD does.
void VirtualUsrp::gpio(const std::string &bank, const char *attribute, unsigned value, unsigned mask) {
    size_t colon = bank.find(':');
    if (bank.substr(0, colon) != "FP0") throw std::runtime_error("virtual_usrp: no GPIO bank " + bank + " (FP0)");
    std::string name = colon == std::string::npos ? attribute : bank.substr(colon + 1);
    ask("gpio set " + name + " " + std::to_string(value) + " " + std::to_string(mask));
}
void VirtualUsrp::writeGPIO(const std::string &bank, const unsigned value) { gpio(bank, "OUT", value, 0xffffffff); }
void VirtualUsrp::writeGPIO(const std::string &bank, const unsigned value, const unsigned mask) { gpio(bank, "OUT", value, mask); }
unsigned VirtualUsrp::readGPIO(const std::string &) const { return unsigned(number("gpio get READBACK")); }
void VirtualUsrp::writeGPIODir(const std::string &bank, const unsigned direction) { gpio(bank, "DDR", direction, 0xffffffff); }
void VirtualUsrp::writeGPIODir(const std::string &bank, const unsigned direction, const unsigned mask) { gpio(bank, "DDR", direction, mask); }
unsigned VirtualUsrp::readGPIODir(const std::string &) const { return unsigned(number("gpio get DDR")); }
