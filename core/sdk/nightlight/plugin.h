// Everything of the contract.
#ifndef NIGHTLIGHT_PLUGIN_H_
#define NIGHTLIGHT_PLUGIN_H_

#include "nightlight/abi.h"
#include "nightlight/columns.h"
#include "nightlight/component.h"
#include "nightlight/config.h"
#include "nightlight/engine.h"
#include "nightlight/function.h"
#include "nightlight/host.h"
#include "nightlight/listener.h"
#include "nightlight/progress.h"
#include "nightlight/sink.h"
#include "nightlight/storage.h"
#include "nightlight/sugar.h"
#include "nightlight/tls.h"

#endif  // NIGHTLIGHT_PLUGIN_H_
