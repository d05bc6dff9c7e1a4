// The control socket: one line a command, one line an answer.
#pragma once
#include "host.hpp"

class Control {
  public:
    Control(Radio &radio, Hosts &hosts, Record &record) : radio_(radio), hosts_(hosts), record_(record) {}
    // Answers the lines of one connection; true where one of them was "quit".
    bool serve(int fd);

  private:
    std::string command(const std::string &line);
    Radio &radio_;
    Hosts &hosts_;
    Record &record_;
};
