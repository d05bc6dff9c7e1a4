// The SoapySDR device, as SoapyUHD shows a 2944R.
#pragma once
#include "module_link.hpp"
#include <SoapySDR/Device.hpp>
#include <SoapySDR/Formats.hpp>

struct VirtualStream {
    int direction;
    bool floats; // else 16-bit integers
    std::vector<size_t> channels;
    uint32_t mask = 0;
    std::vector<int16_t> iq; // one write, channel after channel
};

class VirtualUsrp : public SoapySDR::Device {
  public:
    VirtualUsrp(const std::string &socket, const SoapySDR::Kwargs &args);

    std::string getDriverKey() const override { return "virtual_usrp"; }
    std::string getHardwareKey() const override { return "X310"; }
    SoapySDR::Kwargs getHardwareInfo() const override;
    std::string getFrontendMapping(const int) const override { return "A:0 B:0"; }
    size_t getNumChannels(const int direction) const override;
    bool getFullDuplex(const int, const size_t) const override { return true; }
    SoapySDR::Kwargs getChannelInfo(const int direction, const size_t channel) const override;

    std::vector<std::string> getStreamFormats(const int, const size_t) const override { return {SOAPY_SDR_CS16, SOAPY_SDR_CF32}; }
    std::string getNativeStreamFormat(const int, const size_t, double &full_scale) const override;
    SoapySDR::Stream *setupStream(const int direction, const std::string &format, const std::vector<size_t> &channels,
                                  const SoapySDR::Kwargs &args) override;
    void closeStream(SoapySDR::Stream *stream) override;
    size_t getStreamMTU(SoapySDR::Stream *) const override { return wire::MTU_SAMPLES; }
    int activateStream(SoapySDR::Stream *, const int flags, const long long time_ns, const size_t samples) override;
    int deactivateStream(SoapySDR::Stream *, const int flags, const long long time_ns) override;
    int readStream(SoapySDR::Stream *, void *const *buffers, const size_t samples, int &flags, long long &time_ns,
                   const long timeout_us) override;
    int writeStream(SoapySDR::Stream *, const void *const *buffers, const size_t samples, int &flags, const long long time_ns,
                    const long timeout_us) override;
    int readStreamStatus(SoapySDR::Stream *, size_t &channels, int &flags, long long &time_ns, const long timeout_us) override;

    std::vector<std::string> listAntennas(const int direction, const size_t channel) const override;
    void setAntenna(const int direction, const size_t channel, const std::string &name) override;
    std::string getAntenna(const int direction, const size_t channel) const override;
    std::vector<std::string> listGains(const int, const size_t) const override { return {"PGA0"}; }
    bool hasGainMode(const int, const size_t) const override { return false; }
    void setGain(const int direction, const size_t channel, const double value) override;
    void setGain(const int direction, const size_t channel, const std::string &name, const double value) override;
    double getGain(const int direction, const size_t channel) const override;
    double getGain(const int direction, const size_t channel, const std::string &name) const override;
    SoapySDR::Range getGainRange(const int direction, const size_t channel) const override;
    SoapySDR::Range getGainRange(const int direction, const size_t channel, const std::string &name) const override;
    void setFrequency(const int direction, const size_t channel, const double frequency, const SoapySDR::Kwargs &args) override;
    void setFrequency(const int direction, const size_t channel, const std::string &name, const double frequency,
                      const SoapySDR::Kwargs &args) override;
    double getFrequency(const int direction, const size_t channel) const override;
    double getFrequency(const int direction, const size_t channel, const std::string &name) const override;
    std::vector<std::string> listFrequencies(const int, const size_t) const override { return {"RF", "BB"}; }
    SoapySDR::RangeList getFrequencyRange(const int, const size_t) const override;
    SoapySDR::RangeList getFrequencyRange(const int, const size_t, const std::string &name) const override;
    void setSampleRate(const int direction, const size_t channel, const double rate) override;
    double getSampleRate(const int direction, const size_t channel) const override;
    std::vector<double> listSampleRates(const int, const size_t) const override;
    SoapySDR::RangeList getSampleRateRange(const int, const size_t) const override;
    void setBandwidth(const int direction, const size_t channel, const double bandwidth) override;
    double getBandwidth(const int direction, const size_t channel) const override;
    std::vector<double> listBandwidths(const int, const size_t) const override { return {160e6}; }
    SoapySDR::RangeList getBandwidthRange(const int, const size_t) const override { return {SoapySDR::Range(160e6, 160e6)}; }

    void setMasterClockRate(const double rate) override;
    double getMasterClockRate() const override;
    SoapySDR::RangeList getMasterClockRates() const override;
    std::vector<std::string> listClockSources() const override { return {"internal", "external", "gpsdo"}; }
    void setClockSource(const std::string &source) override;
    std::string getClockSource() const override;
    std::vector<std::string> listTimeSources() const override { return {"internal", "external", "gpsdo"}; }
    void setTimeSource(const std::string &source) override;
    std::string getTimeSource() const override;
    bool hasHardwareTime(const std::string &what) const override { return what.empty() || what == "PPS"; }
    long long getHardwareTime(const std::string &what) const override;
    void setHardwareTime(const long long time_ns, const std::string &what) override;
    void setCommandTime(const long long time_ns, const std::string &) override { setHardwareTime(time_ns, "CMD"); }
    std::vector<std::string> listSensors() const override { return {"ref_locked"}; }
    SoapySDR::ArgInfo getSensorInfo(const std::string &name) const override;
    std::string readSensor(const std::string &name) const override;
    std::vector<std::string> listSensors(const int, const size_t) const override { return {"lo_locked"}; }
    SoapySDR::ArgInfo getSensorInfo(const int, const size_t, const std::string &name) const override;
    std::string readSensor(const int direction, const size_t channel, const std::string &name) const override;

    SoapySDR::ArgInfoList getSettingInfo() const override;
    void writeSetting(const std::string &key, const std::string &value) override;
    std::string readSetting(const std::string &key) const override;

    std::vector<std::string> listGPIOBanks() const override { return {"FP0"}; }
    void writeGPIO(const std::string &bank, const unsigned value) override;
    void writeGPIO(const std::string &bank, const unsigned value, const unsigned mask) override;
    unsigned readGPIO(const std::string &bank) const override;
    void writeGPIODir(const std::string &bank, const unsigned direction) override;
    void writeGPIODir(const std::string &bank, const unsigned direction, const unsigned mask) override;
    unsigned readGPIODir(const std::string &bank) const override;

  private:
    std::string ask(const std::string &line) const { return link_->request(line); }
    double number(const std::string &line) const { return std::stod(ask(line)); }
    void set(const int direction, const size_t channel, const std::string &what, double value);
    std::string get(const int direction, const size_t channel, const std::string &what) const;
    void gpio(const std::string &bank, const char *attribute, unsigned value, unsigned mask);

    std::unique_ptr<Link> link_;
    std::mutex command_lock_;
    long long command_time_ns_ = 0; // 0: at once
};
