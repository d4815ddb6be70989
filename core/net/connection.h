// One client's connection from accept to close: TLS handshake, then requests one after the other on a thread of its
// own.
//
// Poco's TCPServer accepts and gives the thread; its HTTPServerConnection is not used, because it reads two requests
// out of a body that a handler left unread, takes repeated lengths, knows one time limit for everything and drops whom
// it cannot serve.
#ifndef NIGHTLIGHT_NET_CONNECTION_H_
#define NIGHTLIGHT_NET_CONNECTION_H_

#include <Poco/Net/TCPServerConnectionFactory.h>

#include "net/http_service.h"

namespace nightlight::net {

// `service` must outlive the server that uses the factory.
Poco::Net::TCPServerConnectionFactory::Ptr make_connection_factory(HttpService* service);

}  // namespace nightlight::net

#endif  // NIGHTLIGHT_NET_CONNECTION_H_
