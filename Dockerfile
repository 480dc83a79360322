# The image of a node: one static binary and nothing else. Where there is no registry, `tools/image.sh`
# builds the same image from a binary that is built on this machine.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# The target is named so that macros of the build are not linked statically too.
RUN RUSTFLAGS="-C target-feature=+crt-static" \
    cargo build --release --locked -p luqi --target "$(rustc -vV | sed -n 's/^host: //p')" \
 && mkdir -p /image/data \
 && cp target/*/release/luqi /image/luqi \
 && strip --strip-debug /image/luqi \
 && touch /image/data/.keep

FROM scratch
COPY --from=build /image/luqi /luqi
# A volume takes over who owns the folder.
COPY --from=build --chown=10001:10001 /image/data/.keep /data/.keep
USER 10001:10001
VOLUME /data
EXPOSE 7070
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=6 \
    CMD ["/luqi", "status", "--url", "unix:/data/node.sock"]
ENTRYPOINT ["/luqi"]
CMD ["node", "--home", "/data"]
