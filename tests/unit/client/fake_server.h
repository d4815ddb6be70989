// nightlight.v1 in this process, on a real port: it keeps what is written and answers what a test tells it to.
#ifndef NIGHTLIGHT_TESTS_CLIENT_FAKE_SERVER_H_
#define NIGHTLIGHT_TESTS_CLIENT_FAKE_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "nightlight/v1/nightlight.grpc.pb.h"

namespace nightlight::client {

class FakeServer final : public v1::QueryService::Service, public v1::MetadataService::Service {
 public:
  FakeServer() : ingest_(*this), admin_(*this) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(static_cast<v1::QueryService::Service*>(this));
    builder.RegisterService(static_cast<v1::MetadataService::Service*>(this));
    builder.RegisterService(&ingest_);
    builder.RegisterService(&admin_);
    builder.SetMaxReceiveMessageSize(-1);
    server_ = builder.BuildAndStart();
  }
  ~FakeServer() override { server_->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(200)); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // What streams send, and how they end.
  std::vector<v1::QueryChunk> chunks;
  std::vector<v1::SeriesBatch> batches;
  grpc::Status end = grpc::Status::OK;
  std::string running_json = "[]";

  // The statuses of the next writes; OK when there is none left.
  void answer_writes_with(std::deque<grpc::Status> statuses) {
    std::lock_guard lock(mutex_);
    write_statuses_ = std::move(statuses);
  }
  // Writes wait while it is set.
  void hold_writes(bool hold) {
    std::lock_guard lock(mutex_);
    held_ = hold;
    changed_.notify_all();
  }
  std::vector<v1::WriteRequest> writes() {
    std::lock_guard lock(mutex_);
    return writes_;
  }
  v1::QueryRequest last_query() {
    std::lock_guard lock(mutex_);
    return last_query_;
  }
  // Waits for a streamed query to have seen that its client has gone.
  bool saw_cancel() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return cancelled_; });
  }
  void endless() { endless_ = true; }

  grpc::Status QueryStream(grpc::ServerContext* context, const v1::QueryRequest* request,
                           grpc::ServerWriter<v1::QueryChunk>* writer) override {
    {
      std::lock_guard lock(mutex_);
      last_query_ = *request;
    }
    // A copy: a client that has seen enough goes on with the test while this still writes.
    const std::vector<v1::QueryChunk> mine = chunks;
    for (const v1::QueryChunk& chunk : mine) writer->Write(chunk);
    while (endless_ && writer->Write(mine.back())) continue;
    if (endless_) {
      std::lock_guard lock(mutex_);
      cancelled_ = context->IsCancelled();
      changed_.notify_all();
    }
    return end;
  }

  grpc::Status Series(grpc::ServerContext*, const v1::SeriesRequest*,
                      grpc::ServerWriter<v1::SeriesBatch>* writer) override {
    for (const v1::SeriesBatch& batch : batches) writer->Write(batch);
    return end;
  }

 private:
  class Ingest final : public v1::IngestService::Service {
   public:
    explicit Ingest(FakeServer& all) : all_(all) {}
    grpc::Status Write(grpc::ServerContext*, const v1::WriteRequest* request, v1::WriteResponse* response) override {
      std::unique_lock lock(all_.mutex_);
      all_.changed_.wait(lock, [&] { return !all_.held_; });
      if (!all_.write_statuses_.empty()) {
        grpc::Status status = all_.write_statuses_.front();
        all_.write_statuses_.pop_front();
        if (!status.ok()) return status;
      }
      all_.writes_.push_back(*request);
      uint64_t samples = 0;
      for (const auto& series : request->series()) samples += static_cast<uint64_t>(series.values_size());
      response->set_samples_written(samples);
      return grpc::Status::OK;
    }

   private:
    FakeServer& all_;
  };
  class Admin final : public v1::AdminService::Service {
   public:
    explicit Admin(FakeServer& all) : all_(all) {}
    grpc::Status RunningQueries(grpc::ServerContext*, const v1::RunningQueriesRequest*,
                                v1::JsonResponse* response) override {
      response->set_json(all_.running_json);
      return grpc::Status::OK;
    }

   private:
    FakeServer& all_;
  };

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<v1::WriteRequest> writes_;
  std::deque<grpc::Status> write_statuses_;
  v1::QueryRequest last_query_;
  bool held_ = false, cancelled_ = false;
  std::atomic<bool> endless_ = false;
  Ingest ingest_;
  Admin admin_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace nightlight::client

#endif  // NIGHTLIGHT_TESTS_CLIENT_FAKE_SERVER_H_
