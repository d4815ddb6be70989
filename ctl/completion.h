// Completion scripts for shells, made from the words that the command line knows.
#ifndef NIGHTLIGHT_CTL_COMPLETION_H_
#define NIGHTLIGHT_CTL_COMPLETION_H_

#include <map>
#include <string>
#include <vector>

namespace nightlight::ctl {

// The options ("--step") of each subcommand; those that all have under "".
using CommandWords = std::map<std::string, std::vector<std::string>>;

// `shell` is bash, zsh or fish. Words are letters, digits and dashes.
std::string completion_script(const std::string& shell, const CommandWords& words);

}  // namespace nightlight::ctl

#endif  // NIGHTLIGHT_CTL_COMPLETION_H_
