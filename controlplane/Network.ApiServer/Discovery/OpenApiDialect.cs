namespace Network.ApiServer.Discovery;

/// <summary>Swagger 2.0, which old kubectl reads, or OpenAPI 3.0.</summary>
internal enum OpenApiDialect { V2, V3 }
