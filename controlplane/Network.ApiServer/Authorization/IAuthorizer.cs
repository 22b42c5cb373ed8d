using Network.ApiServer.Authentication;

namespace Network.ApiServer.Authorization;

/// <summary>What an authorizer thinks. Not allowed means no opinion: the next one is asked.</summary>
internal readonly record struct Decision(bool Allowed, string? Reason);

/// <summary>Says whether somebody may do something; never refuses by throwing.</summary>
internal interface IAuthorizer
{
    Decision Decide(UserInfo user, AccessRequest request);
}

/// <summary>Asks its members in order; the first that allows decides, and what the others said explains a refusal.</summary>
internal sealed class AuthorizerChain(params IReadOnlyList<IAuthorizer> members) : IAuthorizer
{
    public Decision Decide(UserInfo user, AccessRequest request)
    {
        var reasons = new List<string>();
        foreach (var member in members)
        {
            var decision = member.Decide(user, request);
            if (decision.Allowed)
                return decision;
            if (decision.Reason is { Length: > 0 })
                reasons.Add(decision.Reason);
        }

        return new(false, string.Join('\n', reasons));
    }
}
