# Ramp's server and worker, without the embedded Temporal of `ramp dev`.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -tags lean -trimpath -ldflags '-s -w' -o /ramp ./cmd/ramp

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /ramp /usr/local/bin/ramp
USER nonroot
ENTRYPOINT ["ramp"]
