// Reports of the offline tool: JSON for programs (docs/operations.md), lines for people.
#ifndef NIGHTLIGHT_GORILLA_OFFLINE_REPORT_H_
#define NIGHTLIGHT_GORILLA_OFFLINE_REPORT_H_

#include <string>

#include "gorilla/offline/check.h"
#include "gorilla/offline/figures.h"
#include "gorilla/offline/repair.h"

namespace nightlight::gorilla {

std::string inspect_json(const DirectoryFigures& figures);
std::string inspect_text(const DirectoryFigures& figures);
std::string stats_json(const DirectoryFigures& figures, const Cardinality& cardinality);
std::string stats_text(const DirectoryFigures& figures, const Cardinality& cardinality);
std::string verify_json(const CheckReport& report);
std::string verify_text(const CheckReport& report);
std::string repair_json(const RepairReport& report);
std::string repair_text(const RepairReport& report);

}  // namespace nightlight::gorilla

#endif  // NIGHTLIGHT_GORILLA_OFFLINE_REPORT_H_
