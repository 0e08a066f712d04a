package ai.in10nt.stories;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Gives tests one stack for the whole run: started when the first asks, stopped at the end. */
class SharedStack implements ParameterResolver {
    /** The same with two replicas of every service. */
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
        return context.getRoot()
                .getStore(ExtensionContext.Namespace.GLOBAL)
                .computeIfAbsent(TestStack.class.getName() + replicas, _ -> TestStack.start(replicas), TestStack.class);
    }
}
