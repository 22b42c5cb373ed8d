using Network.ApiServer.Authentication;
using Network.ApiServer.Authorization;

namespace Network.ApiServer.Http;

/// <summary>Where a request goes and what it needs permission for.</summary>
internal sealed record Route(AccessRequest Access, Func<UserInfo, Task> HandleAsync);
