package ai.in10nt.stories;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives tests one stack: started when the first asks, stopped when others need one of another size, or at the end. */
class SharedStack implements ParameterResolver {
    /** The same with two replicas of every service, for stories that are isolated and come last. */
    static final class OfTwo extends SharedStack {
        OfTwo() {
            super(2);
        }
    }

    private final int replicas;

    SharedStack() {
        this(1);
    }

    private SharedStack(int replicas) {
        this.replicas = replicas;
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == TestStack.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        var store = context.getRoot().getStore(ExtensionContext.Namespace.GLOBAL);
        // Nobody uses the other one meanwhile: what has two replicas is isolated.
        var other = store.remove(key(3 - replicas), TestStack.class);
        if (other != null) {
            other.close();
        }
        return store.computeIfAbsent(key(replicas), _ -> TestStack.start(replicas), TestStack.class);
    }

    private static String key(int replicas) {
        return TestStack.class.getName() + replicas;
    }
}
